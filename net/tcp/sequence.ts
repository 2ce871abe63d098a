/** A sequence number: an unsigned 32-bit number in a space that wraps (RFC 9293, section 3.4). */
export type SequenceNumber = number;

/** `sequence` moved forward by `octets` (backward when negative). */
export function advance(sequence: SequenceNumber, octets: number): SequenceNumber {
  return (sequence + octets) >>> 0;
}

/** Octets from `from` to `to`; negative when `to` lies behind. Right as long as they are less than 2^31 apart. */
export function distance(from: SequenceNumber, to: SequenceNumber): number {
  return (to - from) | 0;
}

/** Whether `a` lies strictly before `b`. */
export function before(a: SequenceNumber, b: SequenceNumber): boolean {
  return ((a - b) | 0) < 0;
}

/** The later of two sequence numbers. */
export function later(a: SequenceNumber, b: SequenceNumber): SequenceNumber {
  return before(a, b) ? b : a;
}
