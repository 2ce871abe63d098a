import { internetChecksum, pseudoHeaderSum } from "../../../net/ipv4/checksum.ts";
import { ipProtocol } from "../../../net/ipv4/packet.ts";
import type { Random } from "./random.ts";

const ETHERNET_BYTES = 14;
const IPV4_BYTES = 20;
const MAX_FRAME_BYTES = 9014;
/** What parsers stumble over: nothing, one, the largest, the sign. */
const EDGES = [0x00, 0x01, 0x04, 0x05, 0x7f, 0x80, 0xfe, 0xff];
/** Where the checksum of each protocol stands behind the IPv4 header. */
const CHECKSUM_AT: Readonly<Record<number, number>> = {
  [ipProtocol.icmp]: 2,
  [ipProtocol.tcp]: 16,
  [ipProtocol.udp]: 6,
};

type Mutation = (frame: Uint8Array, random: Random, corpus: readonly Uint8Array[]) => Uint8Array;

const flipBit: Mutation = (frame, random) => {
  const at = random.below(frame.length);
  frame[at] = frame[at]! ^ (1 << random.below(8));
  return frame;
};

const setEdge: Mutation = (frame, random) => {
  frame[random.below(frame.length)] = random.pick(EDGES);
  return frame;
};

/** In a header, where lengths and offsets are. */
const setHeaderEdge: Mutation = (frame, random) => {
  const at = ETHERNET_BYTES + random.below(Math.min(64, frame.length - ETHERNET_BYTES));
  frame[Math.min(at, frame.length - 1)] = random.pick(EDGES);
  return frame;
};

const cut: Mutation = (frame, random) => frame.slice(0, random.below(frame.length + 1));

const lengthen: Mutation = (frame, random) => {
  const longer = new Uint8Array(Math.min(MAX_FRAME_BYTES, frame.length + 1 + random.below(300)));
  longer.set(frame.subarray(0, longer.length));
  for (let at = frame.length; at < longer.length; at++) longer[at] = random.below(256);
  return longer;
};

/** The head of one frame on the body of another. */
const splice: Mutation = (frame, random, corpus) => {
  const other = random.pick(corpus);
  const at = random.below(Math.min(frame.length, other.length));
  const spliced = other.slice();
  spliced.set(frame.subarray(0, at));
  return spliced;
};

const scramble: Mutation = (frame, random) => {
  const from = random.below(frame.length);
  const to = Math.min(frame.length, from + 1 + random.below(32));
  for (let at = from; at < to; at++) frame[at] = random.below(256);
  return frame;
};

const MUTATIONS = [flipBit, setEdge, setHeaderEdge, cut, lengthen, splice, scramble];

/**
 * A frame of the corpus, changed one to four times. Three of four get their checksums and their sender's address made good
 * again, so that what is wrong with them is found by nobody but the parser that it is meant for.
 */
export function mutant(corpus: readonly Uint8Array[], random: Random): Uint8Array {
  const original = random.pick(corpus);
  let frame: Uint8Array = original.slice();
  for (let times = 1 + random.below(4); times > 0 && frame.length > ETHERNET_BYTES; times--)
    frame = random.pick(MUTATIONS)(frame, random, corpus);
  if (random.below(4) > 0 && frame.length > ETHERNET_BYTES) {
    frame.set(original.subarray(0, ETHERNET_BYTES));
    mendChecksums(frame);
  }
  return frame;
}

/** Makes the IPv4 header's checksum right, and that of what it carries, as far as there are any. */
function mendChecksums(frame: Uint8Array): void {
  if (frame.length < ETHERNET_BYTES + IPV4_BYTES || frame[12] !== 0x08 || frame[13] !== 0x00) return;
  const headerBytes = (frame[ETHERNET_BYTES]! & 0x0f) * 4;
  const start = ETHERNET_BYTES + headerBytes;
  if (headerBytes < IPV4_BYTES || start > frame.length) return;
  seal(frame, ETHERNET_BYTES, start, ETHERNET_BYTES + 10, 0);
  const protocol = frame[ETHERNET_BYTES + 9]!;
  const view = new DataView(frame.buffer, frame.byteOffset);
  const end = Math.min(frame.length, ETHERNET_BYTES + view.getUint16(ETHERNET_BYTES + 2));
  const checksumAt = start + (CHECKSUM_AT[protocol] ?? Number.POSITIVE_INFINITY);
  if (checksumAt + 2 > end) return;
  const [source, destination] = [view.getUint32(ETHERNET_BYTES + 12), view.getUint32(ETHERNET_BYTES + 16)];
  const pseudo =
    protocol === ipProtocol.icmp ? 0 : pseudoHeaderSum(source, destination, protocol, end - start);
  seal(frame, start, end, checksumAt, pseudo);
}

function seal(frame: Uint8Array, start: number, end: number, at: number, initial: number): void {
  frame[at] = 0;
  frame[at + 1] = 0;
  const sum = internetChecksum(frame, start, end, initial);
  frame[at] = sum >>> 8;
  frame[at + 1] = sum & 0xff;
}
