const TICK_MS = 100;

export interface CountdownOptions {
  readonly durationMs: number;
  /** With the seconds that are left, whenever they have changed; a begun second counts whole. */
  readonly onSeconds: (seconds: number) => void;
  readonly onEnd: () => void;
  /** Milliseconds that only ever grow. */
  readonly now?: () => number;
}

/** Counts down by the clock: a tab in the background ticks seldom, and is on time all the same. */
export class Countdown {
  readonly #options: CountdownOptions;
  readonly #now: () => number;
  readonly #endMs: number;
  #shown: number | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(options: CountdownOptions) {
    this.#options = options;
    this.#now = options.now ?? (() => performance.now());
    this.#endMs = this.#now() + options.durationMs;
    this.#tick();
  }

  /** Nothing is called any more. */
  stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #tick(): void {
    const leftMs = this.#endMs - this.#now();
    if (leftMs <= 0) {
      this.#timer = undefined;
      this.#options.onEnd();
      return;
    }
    this.#timer = setTimeout(() => this.#tick(), Math.min(TICK_MS, leftMs));
    const seconds = Math.ceil(leftMs / 1000);
    if (seconds === this.#shown) return;
    this.#shown = seconds;
    this.#options.onSeconds(seconds);
  }
}
