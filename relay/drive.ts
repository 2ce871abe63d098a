import { performance } from "node:perf_hooks";
import type { After, Clock, Timed } from "../net/clock.ts";
import { type Drive, drive as driveWith } from "../net/drive.ts";

export type { Drive };

let turnMs: number | undefined;

/** The process's monotonic clock. It stands still within a callback of the event loop: whoever asks for each frame asks often. */
export const monotonicClock: Clock = {
  now: () => {
    if (turnMs === undefined) {
      turnMs = performance.now();
      queueMicrotask(forgetTurn);
    }
    return turnMs;
  },
};

function forgetTurn(): void {
  turnMs = undefined;
}

export const afterTimeout: After = (ms, callback) => {
  const timer = setTimeout(callback, ms);
  return () => clearTimeout(timer);
};

/** Keeps one Node timer at a machine's deadline. */
export function drive(machine: Timed, clock: Clock): Drive {
  return driveWith(machine, clock, afterTimeout);
}
