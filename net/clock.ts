/** A monotonic clock, in milliseconds. Handed in, never read from the platform: `net/` also runs saved and restored. */
export interface Clock {
  now(): number;
}

/**
 * A machine that has something to do later. It sets no timers: whoever drives it calls `advance` when `deadline` has come,
 * and asks for `deadline` again after every call that may have changed it.
 */
export interface Timed {
  /** When `advance` should next be called, in the clock's milliseconds; `Infinity` when there is nothing to wait for. */
  deadline(): number;
  /** Does everything that is due at `nowMs`. */
  advance(nowMs: number): void;
}

/** Returns `length` unpredictable bytes. */
export type RandomBytes = (length: number) => Uint8Array;

/** Calls `callback` once after `ms` milliseconds; the result takes it back. */
export type After = (ms: number, callback: () => void) => () => void;
