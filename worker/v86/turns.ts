import type { Clock } from "../../net/clock.ts";
import type { After, TurnTaker } from "../platform.ts";
import type { PcCard } from "./card.ts";
import type { Internals } from "./internals.ts";

/** How long the guest may run before frames, timers and keys have their turn. */
const TURN_MS = 4;
/** How long a guest that polls for an answer stands still until there is one. */
const ANSWER_WITHIN_MS = 2;
/** CR0.PG, the sign bit. */
const isPaging = (cr0: number) => cr0 < 0;

export interface Turns {
  /** The guest has sent a frame. Called from within guest time. */
  sent(): void;
  /** The guest was given a frame. */
  given(): void;
}

export interface TurnOptions {
  readonly card: Pick<PcCard, "hasUnread">;
  readonly internals: Internals;
  readonly turns: TurnTaker;
  readonly after: After;
  readonly clock: Clock;
  /** Runs a slice of guest time. */
  readonly slice: (resume: () => void) => void;
}

/**
 * Replaces v86's way to let others have their turn after each slice of guest time (100,000 instructions, or a millisecond): in a
 * browser that is a message to a nested worker and back, which costs a quarter of a boot. Ours lets several milliseconds pass
 * between two turns.
 *
 * Firmware and boot loaders send a frame and poll for the answer, one at a time, and their polling is interpreted, a slice of it
 * four milliseconds: so a frame of theirs ends the slice, and the next begins when the answer is there. What runs without
 * paging is such a program; an operating system has other things to do.
 */
export function takeTurns({ card, internals, turns, after, clock, slice }: TurnOptions): Turns {
  const main = internals.v86;
  const { cr, in_hlt: halted } = main.cpu;
  let next: number | undefined;
  let inTurn = false;
  /** The guest stands still since it has sent a frame. */
  let stopped = false;
  /** Frames given to it since its last one. */
  let givenSinceSent = 0;
  let cancelWait: (() => void) | undefined;

  const turn = () => {
    const endMs = clock.now() + TURN_MS;
    inTurn = true;
    do {
      const tick = next!;
      next = undefined;
      slice(() => main.yield_callback(tick));
    } while (next !== undefined && cancelWait === undefined && clock.now() < endMs);
    inTurn = false;
    if (next !== undefined && cancelWait === undefined) turns.soon(turn);
  };
  const endWait = () => {
    cancelWait?.();
    cancelWait = undefined;
    turns.soon(turn);
  };

  main.unregister_yield();
  main.yield = (ms, tick) => {
    if (stopped) {
      stopped = false;
      halted[0] = 0;
      next = tick;
      cancelWait = after(ANSWER_WITHIN_MS, endWait);
      return;
    }
    if (ms >= 1) {
      after(ms, () => slice(() => main.yield_callback(tick)));
      return;
    }
    const waiting = next !== undefined || inTurn;
    next = tick;
    if (!waiting) turns.soon(turn);
  };
  return {
    sent() {
      const isInStep = givenSinceSent === 1 && !card.hasUnread();
      givenSinceSent = 0;
      if (stopped || !isInStep || isPaging(cr[0]!)) return;
      stopped = true;
      // The interpreter leaves its loop after this instruction, as after HLT.
      halted[0] = 1;
    },
    given() {
      givenSinceSent++;
      if (cancelWait !== undefined) endWait();
    },
  };
}
