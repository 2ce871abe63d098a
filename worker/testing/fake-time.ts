import type { Clock } from "../../net/clock.ts";
import type { After } from "../platform.ts";

/** Time that passes when a test says so. */
export class FakeTime {
  nowMs = 0;
  #timers: { readonly atMs: number; readonly callback: () => void }[] = [];
  readonly clock: Clock = { now: () => this.nowMs };

  readonly after: After = (ms, callback) => {
    const timer = { atMs: this.nowMs + ms, callback };
    this.#timers.push(timer);
    return () => {
      this.#timers = this.#timers.filter((other) => other !== timer);
    };
  };

  get pendingTimers(): number {
    return this.#timers.length;
  }

  /** Runs what is due on the way, in order. */
  pass(ms: number): void {
    const endMs = this.nowMs + ms;
    for (;;) {
      const next = this.#timers.filter(({ atMs }) => atMs <= endMs).sort((a, b) => a.atMs - b.atMs)[0];
      if (!next) break;
      this.#timers = this.#timers.filter((timer) => timer !== next);
      this.nowMs = Math.max(this.nowMs, next.atMs);
      next.callback();
    }
    this.nowMs = endMs;
  }
}
