import { performance } from "node:perf_hooks";
import type { After, Clock, Timed } from "../net/clock.ts";
import { type Drive, drive as driveWith } from "../net/drive.ts";

export type { Drive };

/** The process's monotonic clock. */
export const monotonicClock: Clock = { now: () => performance.now() };

export const afterTimeout: After = (ms, callback) => {
  const timer = setTimeout(callback, ms);
  return () => clearTimeout(timer);
};

/** Keeps one Node timer at a machine's deadline. */
export function drive(machine: Timed, clock: Clock): Drive {
  return driveWith(machine, clock, afterTimeout);
}
