import type { FrameSink } from "../../net/segment/frame.ts";
import { seededRandom } from "../../net/tcp/simulated-link.ts";

/** What a wire does to frames: the terms and the meaning of netem(8), which not every kernel has. Shares are 0 to 1. */
export interface Impairment {
  readonly loss?: number;
  readonly duplicate?: number;
  /** Every frame is late by this much … */
  readonly delayMs?: number;
  /** … but for this share of them, which overtake. */
  readonly reorder?: number;
}

export interface ImpairedWire {
  readonly send: FrameSink;
  readonly counters: { frames: number; lost: number; duplicated: number; overtook: number };
  close(): void;
}

/** One direction of a wire that treats frames badly, in the same way for the same seed. */
export function impairWire(impairment: Impairment, seed: number, deliver: FrameSink): ImpairedWire {
  const { loss = 0, duplicate = 0, delayMs = 0, reorder = 0 } = impairment;
  const random = seededRandom(seed);
  const counters = { frames: 0, lost: 0, duplicated: 0, overtook: 0 };
  let late: { at: number; frame: Uint8Array }[] = [];
  let timer: NodeJS.Timeout | undefined;

  const release = () => {
    timer = undefined;
    const now = performance.now();
    let due = 0;
    while (due < late.length && late[due]!.at <= now) due += 1;
    const frames = late.slice(0, due);
    late = late.slice(due);
    for (const { frame } of frames) deliver(frame);
    schedule();
  };
  const schedule = () => {
    if (timer !== undefined || late.length === 0) return;
    timer = setTimeout(release, Math.max(0, late[0]!.at - performance.now()));
  };
  const pass = (frame: Uint8Array) => {
    if (delayMs === 0) {
      deliver(frame);
    } else if (random() < reorder) {
      counters.overtook += 1;
      deliver(frame);
    } else {
      late.push({ at: performance.now() + delayMs, frame });
      schedule();
    }
  };
  return {
    counters,
    send(frame) {
      counters.frames += 1;
      if (random() < loss) {
        counters.lost += 1;
        return;
      }
      pass(frame);
      if (random() < duplicate) {
        counters.duplicated += 1;
        pass(frame);
      }
    },
    close() {
      clearTimeout(timer);
      late = [];
    },
  };
}
