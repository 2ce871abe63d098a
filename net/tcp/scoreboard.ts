import { before, distance, later, type SequenceNumber } from "./sequence.ts";

interface Range {
  start: SequenceNumber;
  end: SequenceNumber;
}

/** Duplicate acknowledgments, or blocks above a gap, that make it a loss (RFC 6675, section 2). */
export const DUP_THRESH = 3;

/** Bound on blocks remembered. Over it a block is ignored, which costs at worst a retransmission. */
const MAX_RANGES = 512;

/** What the peer has reported as arrived out of order (RFC 6675, section 3). */
export class Scoreboard {
  /** In sequence order, neither overlapping nor touching. */
  #ranges: Range[] = [];
  #octets = 0;

  /** Octets reported. */
  get octets(): number {
    return this.#octets;
  }

  /** One past the last octet reported; `undefined` when there is none. */
  get highest(): SequenceNumber | undefined {
    return this.#ranges.at(-1)?.end;
  }

  clear(): void {
    this.#ranges = [];
    this.#octets = 0;
  }

  /** Adds a block. Returns whether it told anything new. */
  add(start: SequenceNumber, end: SequenceNumber): boolean {
    const ranges = this.#ranges;
    let first = ranges.length;
    while (first > 0 && !before(ranges[first - 1]!.end, start)) first -= 1;
    let last = first;
    let mergedStart = start;
    let mergedEnd = end;
    let known = 0;
    while (last < ranges.length && !before(end, ranges[last]!.start)) {
      const range = ranges[last]!;
      known += distance(range.start, range.end);
      if (before(range.start, mergedStart)) mergedStart = range.start;
      mergedEnd = later(range.end, mergedEnd);
      last += 1;
    }
    const gained = distance(mergedStart, mergedEnd) - known;
    if (gained <= 0) return false;
    if (first === last && ranges.length >= MAX_RANGES) return false;
    ranges.splice(first, last - first, { start: mergedStart, end: mergedEnd });
    this.#octets += gained;
    return true;
  }

  /** Forgets what lies before `una`: it was acknowledged. */
  acknowledge(una: SequenceNumber): void {
    const ranges = this.#ranges;
    while (ranges.length > 0) {
      const range = ranges[0]!;
      if (!before(range.start, una)) return;
      if (before(una, range.end)) {
        this.#octets -= distance(range.start, una);
        range.start = una;
        return;
      }
      this.#octets -= distance(range.start, range.end);
      ranges.shift();
    }
  }

  /**
   * Where losses end: each octet before it that was not reported is lost (IsLost of RFC 6675, section 4), none after it is.
   * `undefined` when nothing is lost.
   */
  lossEdge(mss: number): SequenceNumber | undefined {
    let above = 0;
    for (let index = this.#ranges.length - 1, count = 1; index >= 0; index -= 1, count += 1) {
      const range = this.#ranges[index]!;
      above += distance(range.start, range.end);
      if (count >= DUP_THRESH || above > (DUP_THRESH - 1) * mss) return range.start;
    }
    return undefined;
  }

  /** Octets from `from` up to `to` that were not reported. */
  missing(from: SequenceNumber, to: SequenceNumber): number {
    let missing = distance(from, to);
    if (missing <= 0) return 0;
    for (const range of this.#ranges) {
      if (!before(range.start, to)) break;
      const start = later(range.start, from);
      const end = before(range.end, to) ? range.end : to;
      if (before(start, end)) missing -= distance(start, end);
    }
    return missing;
  }

  /** The first octet at or after `from` that was not reported. */
  nextMissing(from: SequenceNumber): SequenceNumber {
    for (const range of this.#ranges) {
      if (before(from, range.start)) return from;
      if (before(from, range.end)) return range.end;
    }
    return from;
  }

  /** Octets from `from`, which was not reported, up to the next one that was; at most `limit`. */
  gap(from: SequenceNumber, limit: number): number {
    for (const range of this.#ranges) {
      if (before(from, range.start)) return Math.min(limit, distance(from, range.start));
    }
    return limit;
  }
}
