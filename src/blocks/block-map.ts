/** A run of blocks: what was read of it. Times are since power-on. */
export interface BlockCell {
  /** Reads that touched it. */
  readonly reads: number;
  readonly firstMs: number;
  readonly lastMs: number;
}

const CELLS = 1024;
/** What a map tells apart at best: nothing reads less than a sector. */
const SECTOR_BYTES = 512;
/** Marks for what was read: so many at most, whatever the size of the image. */
const MOST_MARKS = 2 ** 24;

/** A whole image, cut into as many runs of blocks as one can see at once. */
export class BlockMap {
  readonly sizeBytes: number;
  /** A multiple of a sector. */
  readonly cellBytes: number;
  readonly #cells: (BlockCell | undefined)[];
  readonly #markBytes: number;
  readonly #marks: Uint8Array;
  #marked = 0;

  constructor(sizeBytes: number) {
    this.sizeBytes = sizeBytes;
    this.cellBytes = sectors(sizeBytes / CELLS);
    this.#cells = new Array(Math.ceil(sizeBytes / this.cellBytes)).fill(undefined);
    this.#markBytes = sectors(sizeBytes / MOST_MARKS);
    this.#marks = new Uint8Array(Math.ceil(sizeBytes / this.#markBytes));
  }

  get cells(): readonly (BlockCell | undefined)[] {
    return this.#cells;
  }

  /** Bytes that were read at least once. */
  get readBytes(): number {
    return Math.min(this.#marked * this.#markBytes, this.sizeBytes);
  }

  /** What lies outside of the image is left out. */
  read(offset: number, length: number, timeMs: number): void {
    const end = Math.min(offset + length, this.sizeBytes);
    if (offset < 0 || end <= offset) return;
    for (let cell = Math.floor(offset / this.cellBytes); cell * this.cellBytes < end; cell += 1) {
      const before = this.#cells[cell];
      this.#cells[cell] = {
        reads: (before?.reads ?? 0) + 1,
        firstMs: before?.firstMs ?? timeMs,
        lastMs: timeMs,
      };
    }
    for (let mark = Math.floor(offset / this.#markBytes); mark * this.#markBytes < end; mark += 1) {
      this.#marked += 1 - this.#marks[mark]!;
      this.#marks[mark] = 1;
    }
  }
}

function sectors(bytes: number): number {
  return Math.max(1, Math.ceil(bytes / SECTOR_BYTES)) * SECTOR_BYTES;
}
