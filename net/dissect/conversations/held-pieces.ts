import { advance, before, distance, type SequenceNumber } from "../../tcp/sequence.ts";

interface Piece {
  readonly sequence: SequenceNumber;
  /** A view of its frame. */
  readonly bytes: Uint8Array;
  /** Of the frame that it came in. */
  readonly number: number;
}

const MAX_PIECES = 256;
const MAX_BYTES = 1024 * 1024;

/** Bytes of a stream that came ahead of a gap, in the order of their numbers. */
export class HeldPieces {
  #pieces: Piece[] = [];
  #bytes = 0;

  /** Where the first of them begins. */
  get first(): SequenceNumber | undefined {
    return this.#pieces[0]?.sequence;
  }

  /** Keeps them; false when that is more than should be held, so that the gap is to be given up. */
  add(sequence: SequenceNumber, bytes: Uint8Array, number: number): boolean {
    if (bytes.length === 0) return true;
    let index = this.#pieces.length;
    while (index > 0 && before(sequence, this.#pieces[index - 1]!.sequence)) index -= 1;
    this.#pieces.splice(index, 0, { sequence, bytes, number });
    this.#bytes += bytes.length;
    return this.#pieces.length <= MAX_PIECES && this.#bytes <= MAX_BYTES;
  }

  /** Whether these bytes are all here already. */
  covers(start: SequenceNumber, end: SequenceNumber): boolean {
    let reached = start;
    for (const { sequence, bytes } of this.#pieces) {
      if (before(reached, sequence)) break;
      const to = advance(sequence, bytes.length);
      if (before(reached, to)) reached = to;
    }
    return !before(reached, end);
  }

  /** Hands over what follows `next` without a gap, each byte once. Returns what is next after that. */
  take(next: SequenceNumber, give: (bytes: Uint8Array, number: number) => void): SequenceNumber {
    let reached = next;
    let taken = 0;
    for (const { sequence, bytes, number } of this.#pieces) {
      const skip = distance(sequence, reached);
      if (skip < 0) break;
      taken += 1;
      this.#bytes -= bytes.length;
      if (skip >= bytes.length) continue;
      give(bytes.subarray(skip), number);
      reached = advance(sequence, bytes.length);
    }
    if (taken > 0) this.#pieces.splice(0, taken);
    return reached;
  }
}
