import { advance, before, distance, later, type SequenceNumber } from "./sequence.ts";
import type { SackBlock } from "./wire.ts";

interface Piece {
  readonly sequence: SequenceNumber;
  readonly bytes: Uint8Array;
}

/** Octets that arrived ahead of a gap. The window bounds them; `maxPieces` bounds how many packets they keep alive. */
export class Reassembly {
  readonly #maxPieces: number;
  /** In sequence order, none overlapping another. */
  #pieces: Piece[] = [];
  /** What the pieces add up to, the most recently changed first: the order in which SACK reports them (RFC 2018, section 4). */
  #blocks: SackBlock[] = [];

  constructor(maxPieces: number) {
    this.#maxPieces = maxPieces;
  }

  get pieces(): number {
    return this.#pieces.length;
  }

  /** The first `count` blocks to report. */
  blocks(count: number): readonly SackBlock[] {
    return this.#blocks.length <= count ? this.#blocks : this.#blocks.slice(0, count);
  }

  /** Keeps what is new of `bytes`, without a copy. Returns false, and keeps nothing, when there are too many pieces. */
  insert(sequence: SequenceNumber, bytes: Uint8Array): boolean {
    if (this.#pieces.length >= this.#maxPieces) return false;
    let start = sequence;
    let rest = bytes;
    let index = this.#pieces.length;
    while (index > 0 && before(start, this.#pieces[index - 1]!.sequence)) index -= 1;
    if (index > 0) {
      const overlap = distance(start, endOf(this.#pieces[index - 1]!));
      if (overlap > 0) {
        rest = rest.subarray(overlap);
        start = advance(start, overlap);
      }
    }
    while (rest.length > 0) {
      const next = this.#pieces[index];
      const room = next === undefined ? rest.length : Math.min(rest.length, distance(start, next.sequence));
      if (room > 0) {
        this.#pieces.splice(index, 0, { sequence: start, bytes: rest.subarray(0, room) });
        index += 1;
      }
      const covered = room + (next === undefined ? 0 : next.bytes.length);
      rest = rest.subarray(covered);
      start = advance(start, covered);
      index += 1;
    }
    this.#report(sequence, advance(sequence, bytes.length));
    return true;
  }

  /** Takes the octets that begin at `sequence`, as long as there is no gap. They go to `take` in order. */
  take(sequence: SequenceNumber, take: (bytes: Uint8Array) => void): SequenceNumber {
    let next = sequence;
    let gone = 0;
    for (const piece of this.#pieces) {
      const skip = distance(piece.sequence, next);
      if (skip < 0) break;
      gone += 1;
      if (skip >= piece.bytes.length) continue;
      take(skip === 0 ? piece.bytes : piece.bytes.subarray(skip));
      next = endOf(piece);
    }
    if (gone > 0) {
      this.#pieces.splice(0, gone);
      this.#blocks = this.#blocks.filter((block) => before(next, block.end));
    }
    return next;
  }

  clear(): void {
    this.#pieces = [];
    this.#blocks = [];
  }

  /** Puts the block that holds these octets, grown by all that it touches, in front. */
  #report(from: SequenceNumber, to: SequenceNumber): void {
    let start = from;
    let end = to;
    const others: SackBlock[] = [];
    for (const block of this.#blocks) {
      if (before(end, block.start) || before(block.end, start)) {
        others.push(block);
      } else {
        if (before(block.start, start)) start = block.start;
        end = later(block.end, end);
      }
    }
    this.#blocks = [{ start, end }, ...others];
  }
}

function endOf(piece: Piece): SequenceNumber {
  return advance(piece.sequence, piece.bytes.length);
}
