import { performance } from "node:perf_hooks";
import type { Clock, Timed } from "../net/clock.ts";

/** The process's monotonic clock. */
export const monotonicClock: Clock = { now: () => performance.now() };

/** Node's timers turn anything longer into 1 ms; at this delay we look again and sleep on. */
const LONGEST_DELAY_MS = 2 ** 31 - 1;

/** Keeps one Node timer at a machine's deadline. */
export interface Drive {
  /** Call after anything that may have changed the deadline: each frame in, each stream written to. Cheap. */
  wake(): void;
  close(): void;
}

/**
 * Advances a machine when its time has come. `wake` may be called for each frame: deadlines are compared once a turn of
 * the event loop, and a timer that is set too early is left to run rather than set anew.
 */
export function drive(machine: Timed, clock: Clock): Drive {
  let timer: NodeJS.Timeout | undefined;
  let timerAt = Number.POSITIVE_INFINITY;
  let asked = false;
  let closed = false;

  const arm = () => {
    asked = false;
    if (closed) return;
    const deadline = machine.deadline();
    if (deadline >= timerAt) return;
    if (timer !== undefined) clearTimeout(timer);
    timerAt = deadline;
    // Rounded up: a timer that fires a fraction early would only be set again.
    const delayMs = Math.min(LONGEST_DELAY_MS, Math.max(0, Math.ceil(deadline - clock.now())));
    timer = setTimeout(fire, delayMs);
  };
  const fire = () => {
    timer = undefined;
    timerAt = Number.POSITIVE_INFINITY;
    const nowMs = clock.now();
    if (machine.deadline() <= nowMs) machine.advance(nowMs);
    arm();
  };
  const drive: Drive = {
    wake() {
      if (asked || closed) return;
      asked = true;
      queueMicrotask(arm);
    },
    close() {
      closed = true;
      if (timer !== undefined) clearTimeout(timer);
    },
  };
  drive.wake();
  return drive;
}
