import { MILESTONES, type Milestone } from "../../../worker/interface.ts";
import type { CheckResult } from "../checks/check-result.ts";

const NAME_COLUMNS = Math.max(...MILESTONES.map(({ name }) => name.length));
const MARKS = { done: "✓", failed: "✗", skipped: "–", running: " ", waiting: " " } as const;

export interface ProgressOptions {
  readonly write: (text: string) => void;
  /** Whether the last line may be written over. */
  readonly isTerminal: boolean;
  /** In front of each line, where several cases run side by side. */
  readonly prefix?: string;
}

/** Tells the milestones of a boot as they come: a line each, and on a terminal one that says what it waits for. */
export class Progress {
  readonly #options: ProgressOptions;
  readonly #told = new Set<string>();
  #hasLiveLine = false;

  constructor(options: ProgressOptions) {
    this.#options = options;
  }

  milestones(milestones: readonly Milestone[]): void {
    for (const each of inTime(milestones)) {
      const { name, state, atMs = 0, detail } = each;
      // What was inferred is told again when its evidence comes.
      const key = `${name} ${state}`;
      if (this.#told.has(key) || state === "waiting" || state === "running") continue;
      this.#told.add(key);
      const time = `${(atMs / 1000).toFixed(1)} s`.padStart(8);
      this.#line(
        `${time}  ${MARKS[state]} ${name.padEnd(NAME_COLUMNS)}${detail === undefined ? "" : `  ${detail}`}`,
      );
    }
    const current = milestones.find(({ state }) => state === "running");
    if (current !== undefined) this.#live(MILESTONES.find(({ name }) => name === current.name)!.caption);
  }

  check({ name, passed, detail, tookMs }: CheckResult): void {
    const time = `${(tookMs / 1000).toFixed(1)} s`.padStart(8);
    this.#line(`${time}  ${passed ? MARKS.done : MARKS.failed} ${name}${passed ? "" : `: ${detail}`}`);
  }

  /** A line for itself. */
  say(line: string): void {
    this.#line(line);
  }

  /** The next attempt tells its own milestones. */
  again(why: string): void {
    this.#told.clear();
    this.#line(why);
  }

  /** Leaves the terminal with a clean line. */
  end(): void {
    this.#clear();
  }

  #line(text: string): void {
    this.#clear();
    this.#options.write(`${this.#options.prefix ?? ""}${text}\n`);
  }

  #live(text: string): void {
    if (!this.#options.isTerminal) return;
    this.#clear();
    this.#options.write(`          … ${text}`);
    this.#hasLiveLine = true;
  }

  #clear(): void {
    if (!this.#hasLiveLine) return;
    this.#options.write("\r\x1b[K");
    this.#hasLiveLine = false;
  }
}

function inTime(milestones: readonly Milestone[]): Milestone[] {
  return milestones.toSorted((a, b) => (a.atMs ?? 0) - (b.atMs ?? 0));
}
