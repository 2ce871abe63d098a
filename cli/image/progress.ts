/** What kiwi says, turned into steps that a person can follow. Pure: lines in, progress out. */

export interface BuildProgress {
  /** 1-based. */
  readonly step: number;
  readonly steps: number;
  readonly caption: string;
  /** What is being done within the step, where kiwi says so. */
  readonly detail?: string;
  /** Of the whole build, 0 to 1; never falls. */
  readonly fraction: number;
}

interface Step {
  readonly caption: string;
  /** Seconds on the machine where this was measured: only their ratio matters. */
  readonly weight: number;
  /** The log line that begins the step. */
  readonly begins: RegExp;
  /** Lines that say how far the step is. */
  readonly detail?: RegExp;
  /** About how many of those lines there are. */
  readonly details?: number;
}

/** In the order in which kiwi 9.24 goes through them. */
export const STEPS: readonly Step[] = [
  { caption: "Preparing an empty root", weight: 1, begins: /\| Preparing new root system/ },
  {
    caption: "Bootstrapping Debian into the root",
    weight: 29,
    begins: /\| Installing bootstrap packages/,
    detail: /bootstrap: I: ((?:Retrieving|Extracting|Unpacking|Configuring) \S+)/,
    details: 330,
  },
  {
    caption: "Installing Debian packages into the root",
    weight: 18,
    begins: /\| Installing system \(chroot\)/,
    detail: /system: ((?:Unpacking|Setting up) \S+)/,
    details: 150,
  },
  { caption: "Configuring the root", weight: 2, begins: /\| Calling config\.sh script/ },
  {
    caption: "Packing the root into a squashfs image",
    weight: 14,
    begins: /\| Creating root filesystem image/,
  },
  {
    caption: "Making the initrd with dracut",
    weight: 14,
    begins: /\| Creating generic dracut initrd archive/,
  },
  { caption: "Collecting the results", weight: 4, begins: /\| EXEC: \[bash -c tar -C / },
];

const WAITING = /netroot: (waiting for another image build on this machine)/;
const TOTAL_WEIGHT = STEPS.reduce((sum, step) => sum + step.weight, 0);

export class KiwiProgress {
  #index = 0;
  #details = 0;

  /** Feed it one line of the log; it answers where that line changes what is to be shown. */
  line(text: string): BuildProgress | undefined {
    const begun = STEPS.findIndex((step, index) => index > this.#index && step.begins.test(text));
    if (begun !== -1) {
      this.#index = begun;
      this.#details = 0;
      return this.#progress();
    }
    const waiting = WAITING.exec(text);
    if (waiting !== null) return this.#progress(waiting[1]);
    const step = STEPS[this.#index]!;
    const detail = step.detail?.exec(text);
    if (detail === null || detail === undefined) {
      return this.#index === 0 && step.begins.test(text) ? this.#progress() : undefined;
    }
    this.#details++;
    return this.#progress(detail[1]);
  }

  #progress(detail?: string): BuildProgress {
    const step = STEPS[this.#index]!;
    const before = STEPS.slice(0, this.#index).reduce((sum, earlier) => sum + earlier.weight, 0);
    const within = step.details === undefined ? 0 : Math.min(1, this.#details / step.details);
    return {
      step: this.#index + 1,
      steps: STEPS.length,
      caption: step.caption,
      ...(detail === undefined ? {} : { detail }),
      fraction: (before + step.weight * within) / TOTAL_WEIGHT,
    };
  }
}

/** The lines of a failed build's log that say why: from kiwi's last error on, or its end where it had none. */
export function relevantLines(log: string, most = 15): string[] {
  const lines = log.split("\n").filter((line) => line.trim() !== "" && !/\| EXEC: /.test(line));
  const error = lines.findLastIndex((line) => /\[ (ERROR|CRITICAL) *\]|^E: |^dpkg: error|^kiwi/.test(line));
  const from = error === -1 ? Math.max(0, lines.length - most) : error;
  return lines.slice(from, from + most).map((line) => (line.length > 400 ? `${line.slice(0, 400)}…` : line));
}
