import type { Clock } from "../../net/clock.ts";
import type { Logger } from "../log.ts";

/** One line for the first of its kind, and one more at most in each such time. */
const EVERY_MS = 10_000;

/** Says that somebody was refused, and does not let whoever is refused a thousand times a second write a thousand lines. */
export class RefusalLog {
  readonly #logger: Logger;
  readonly #clock: Clock;
  readonly #kinds = new Map<string, { saidMs: number; unsaid: number }>();

  constructor(logger: Logger, clock: Clock) {
    this.#logger = logger;
    this.#clock = clock;
  }

  /** @param kind one of a few: each is remembered */
  note(kind: string, message: string): void {
    const nowMs = this.#clock.now();
    const last = this.#kinds.get(kind);
    if (last !== undefined && nowMs - last.saidMs < EVERY_MS) {
      last.unsaid += 1;
      return;
    }
    const more =
      last === undefined || last.unsaid === 0 ? "" : ` (${last.unsaid} more since the last such line)`;
    this.#logger.warn(`${message}${more}`);
    this.#kinds.set(kind, { saidMs: nowMs, unsaid: 0 });
  }
}
