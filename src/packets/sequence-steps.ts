import type { Packet, PacketStore } from "./packet-store.ts";

/** One arrow of a sequence diagram: a message, or several segments that say nothing by themselves. */
export interface SequenceStep {
  /** Of its first frame. */
  readonly number: number;
  readonly timeMs: number;
  readonly direction: "in" | "out";
  /** Who is at the other end. */
  readonly other: string;
  readonly protocol: string;
  readonly text: string;
  readonly frames: number;
}

export interface Sequence {
  readonly steps: readonly SequenceStep[];
  /** Frames behind the last step, which are not in the diagram. */
  readonly left: number;
}

/** More arrows than anybody follows. */
const MOST_STEPS = 400;

/** What went between the machine and the others. Segments of TCP on the way in one direction are one arrow. */
export function sequenceOf(store: PacketStore, packets: readonly Packet[]): Sequence {
  const steps: SequenceStep[] = [];
  for (const [index, packet] of packets.entries()) {
    const step = stepOf(store, packet);
    const last = steps.at(-1);
    if (last !== undefined && isCarrier(last) && isCarrier(step) && continues(last, step)) {
      const frames = last.frames + 1;
      steps[steps.length - 1] = { ...last, frames, text: `${frames} segments` };
    } else if (steps.length === MOST_STEPS) {
      return { steps, left: packets.length - index };
    } else {
      steps.push(step);
    }
  }
  return { steps, left: 0 };
}

function stepOf(store: PacketStore, packet: Packet): SequenceStep {
  const { number, timeMs, direction } = packet.context;
  const { protocol, info, source, destination } = store.summary(packet);
  const other = direction === "out" ? destination : source;
  return { number, timeMs, direction, other, protocol, text: info, frames: 1 };
}

/** A segment that opens or ends a connection says something by itself. */
function isCarrier({ protocol, text, frames }: SequenceStep): boolean {
  return protocol === "TCP" && (frames > 1 || !/SYN|FIN|RST/.test(text));
}

function continues(last: SequenceStep, step: SequenceStep): boolean {
  return last.direction === step.direction && last.other === step.other;
}
