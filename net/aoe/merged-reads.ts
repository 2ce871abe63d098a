import type { Export } from "../export/export.ts";

/** What a few neighbouring reads may become: large enough that the way to the back end is no longer what costs. */
const MAX_BYTES = 128 * 1024;

interface Read {
  readonly offset: number;
  readonly end: number;
  resolve(bytes: Uint8Array): void;
  reject(error: unknown): void;
}

/**
 * Reads of an export, many small ones at a time. A frame holds a few sectors, an initiator sends a burst of them for what it wants
 * to have: what is asked in one turn and lies side by side is read at once. Nothing is kept.
 */
export class MergedReads {
  readonly #export: Export;
  #asked: Read[] = [];

  constructor(back: Export) {
    this.#export = back;
  }

  /** As `Export.read`; the bytes may be a part of more. */
  read(offset: number, length: number): Promise<Uint8Array> {
    return new Promise((resolve, reject) => {
      this.#asked.push({ offset, end: offset + length, resolve, reject });
      if (this.#asked.length === 1) void Promise.resolve().then(() => this.#begin());
    });
  }

  #begin(): void {
    const asked = this.#asked.sort((one, other) => one.offset - other.offset);
    this.#asked = [];
    let group: Read[] = [];
    let end = 0;
    for (const read of asked) {
      const [first] = group;
      if (first !== undefined && (read.offset > end || read.end - first.offset > MAX_BYTES)) {
        void this.#perform(group, end);
        group = [];
      }
      end = group.length === 0 ? read.end : Math.max(end, read.end);
      group.push(read);
    }
    if (group.length > 0) void this.#perform(group, end);
  }

  async #perform(group: readonly Read[], end: number): Promise<void> {
    const start = group[0]!.offset;
    try {
      const bytes = await this.#export.read(start, end - start);
      for (const read of group) read.resolve(bytes.subarray(read.offset - start, read.end - start));
    } catch (error) {
      if (group.length === 1) group[0]!.reject(error);
      // Where one sector cannot be read, its neighbours may be.
      else for (const read of group) void this.#perform([read], read.end);
    }
  }
}
