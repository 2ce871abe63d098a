import type { After, Clock, Timed } from "./clock.ts";

/** Longer than any timer can wait; at this delay we look again and sleep on. */
const LONGEST_DELAY_MS = 2 ** 31 - 1;

/** Keeps one timer at a machine's deadline. */
export interface Drive {
  /** Call after anything that may have changed the deadline: each frame in, each stream written to. Cheap. */
  wake(): void;
  close(): void;
}

/**
 * Advances a machine when its time has come. `wake` may be called for each frame: deadlines are compared once a turn of
 * the event loop, and a timer that is set too early is left to run rather than set anew.
 */
export function drive(machine: Timed, clock: Clock, after: After): Drive {
  let cancel: (() => void) | undefined;
  let timerAt = Number.POSITIVE_INFINITY;
  let asked = false;
  let closed = false;

  const arm = () => {
    asked = false;
    if (closed) return;
    const deadline = machine.deadline();
    if (deadline >= timerAt) return;
    cancel?.();
    timerAt = deadline;
    // Rounded up: a timer that fires a fraction early would only be set again.
    cancel = after(Math.min(LONGEST_DELAY_MS, Math.max(0, Math.ceil(deadline - clock.now()))), fire);
  };
  const fire = () => {
    cancel = undefined;
    timerAt = Number.POSITIVE_INFINITY;
    const nowMs = clock.now();
    if (machine.deadline() <= nowMs) machine.advance(nowMs);
    arm();
  };
  const drive: Drive = {
    wake() {
      if (asked || closed) return;
      asked = true;
      void Promise.resolve().then(arm);
    },
    close() {
      closed = true;
      cancel?.();
    },
  };
  drive.wake();
  return drive;
}
