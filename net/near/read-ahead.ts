/** Blocks that are wanted before anybody asks. Bounded; what is beyond is left out, for it is only a guess. */
const MAX_WANTED = 2048;
/** Readers that are followed at a time: a file, its metadata, another file. */
const MAX_STREAMS = 8;
/** How many blocks ahead of a sequential reader: 128 KiB at first, twice as much each time, up to 2 MiB. */
const FIRST_AHEAD = 4;
const MOST_AHEAD = 64;
/** Blocks to an aligned megabyte: what a far export is read in, around what was asked for. */
const NEIGHBOURS = 32;
/**
 * Up to this round trip a read that was not foreseen costs less than one that was not needed. The emulator's turns are part
 * of what is measured: a relay on the same machine seems to be 4 to 10 ms away.
 */
const NEAR_MS = 12;
/** The round trip is the least of this many reads: others waited for something else as well. */
const SAMPLES = 8;

interface Stream {
  next: number;
  /** Up to here, exclusive, it was read ahead. */
  until: number;
  ahead: number;
}

/**
 * Guesses which blocks come next: what boots before this one asked for, what follows a sequential reader, and where the
 * round trip is long, the neighbours of what was missing.
 */
export class ReadAhead {
  readonly #blockCount: number;
  /** Guesses from what this guest does. They come first. */
  #wanted: number[] = [];
  #trace: readonly number[] = [];
  #traced = 0;
  readonly #streams: Stream[] = [];
  readonly #roundTrips: number[] = [];

  constructor(blockCount: number) {
    this.#blockCount = blockCount;
  }

  /** What to have ready from the start. */
  follow(trace: readonly number[]): void {
    this.#trace = trace;
    this.#traced = 0;
  }

  /** Guesses nothing any more, until it is told something new. */
  forget(): void {
    this.#wanted = [];
    this.#trace = [];
    this.#streams.length = 0;
  }

  /** A block was fetched because the guest waits for it. */
  measured(roundTripMs: number): void {
    this.#roundTrips.push(roundTripMs);
    if (this.#roundTrips.length > SAMPLES) this.#roundTrips.shift();
  }

  /** The guest asked for the blocks from `first` to `last`; `missing` where it has to wait. */
  asked(first: number, last: number, missing: boolean): void {
    const stream = this.#streams.find(({ next }) => next === first || next - 1 === first);
    if (stream !== undefined) {
      stream.next = last + 1;
      if (stream.until - stream.next < stream.ahead / 2) {
        const from = Math.max(stream.until, stream.next);
        stream.until = stream.next + stream.ahead;
        stream.ahead = Math.min(MOST_AHEAD, stream.ahead * 2);
        this.#want(from, stream.until);
      }
      return;
    }
    this.#streams.push({ next: last + 1, until: last + 1, ahead: FIRST_AHEAD });
    if (this.#streams.length > MAX_STREAMS) this.#streams.shift();
    if (!missing || !this.#isFar()) return;
    const start = first - (first % NEIGHBOURS);
    this.#want(last + 1, start + NEIGHBOURS);
    this.#want(start, first);
  }

  /** The next block to read, for which `skip` says no; `undefined` when there is nothing to guess. */
  next(skip: (block: number) => boolean): number | undefined {
    for (let block = this.#take(); block !== undefined; block = this.#take()) if (!skip(block)) return block;
    return undefined;
  }

  /** Whether the next in line is this block; then it is taken. */
  takeIf(block: number): boolean {
    if ((this.#wanted[0] ?? this.#trace[this.#traced]) !== block) return false;
    this.#take();
    return true;
  }

  #isFar(): boolean {
    return this.#roundTrips.length > 0 && Math.min(...this.#roundTrips) > NEAR_MS;
  }

  #take(): number | undefined {
    const wanted = this.#wanted.shift();
    if (wanted !== undefined) return wanted;
    const block = this.#trace[this.#traced];
    this.#traced += 1;
    return block;
  }

  #want(from: number, to: number): void {
    for (let block = Math.max(0, from); block < Math.min(to, this.#blockCount); block += 1) {
      if (this.#wanted.length >= MAX_WANTED) return;
      this.#wanted.push(block);
    }
  }
}
