interface Chunk {
  readonly bytes: Uint8Array;
  /** Where it starts, counted from the first octet ever queued. */
  readonly start: number;
  /** Called when the chunk is forgotten. */
  released: (() => void) | undefined;
}

/** Octets that were written and not yet acknowledged. Chunks are kept as they came; a segment copies what it needs. */
export class SendQueue {
  #chunks: Chunk[] = [];
  /** Octets acknowledged, and ever queued. */
  #base = 0;
  #end = 0;
  /** The chunk that was copied from last: the next copy mostly starts there. */
  #hint = 0;

  get length(): number {
    return this.#end - this.#base;
  }

  push(bytes: Uint8Array): void {
    if (bytes.length === 0) return;
    this.#chunks.push({ bytes, start: this.#end, released: undefined });
    this.#end += bytes.length;
  }

  /** Calls `released` once, when nothing will ask for what has been pushed so far: it was acknowledged, or all is over. */
  callWhenReleased(released: () => void): void {
    const last = this.#chunks.at(-1);
    if (last === undefined) {
      released();
      return;
    }
    const before = last.released;
    last.released =
      before === undefined
        ? released
        : () => {
            before();
            released();
          };
  }

  /** Forgets the first `octets`: they were acknowledged. */
  release(octets: number): void {
    this.#base += octets;
    let gone = 0;
    while (gone < this.#chunks.length) {
      const chunk = this.#chunks[gone]!;
      if (chunk.start + chunk.bytes.length > this.#base) break;
      gone += 1;
    }
    if (gone === 0) return;
    const released = this.#chunks.splice(0, gone);
    this.#hint = Math.max(0, this.#hint - gone);
    for (const chunk of released) chunk.released?.();
  }

  clear(): void {
    const released = this.#chunks;
    this.#chunks = [];
    this.#base = this.#end;
    this.#hint = 0;
    for (const chunk of released) chunk.released?.();
  }

  /** Copies `length` octets, from `offset` after the oldest, to `target` at `at`. They must be queued. */
  copyTo(target: Uint8Array, at: number, offset: number, length: number): void {
    let from = this.#base + offset;
    let to = at;
    let left = length;
    let index = this.#find(from);
    while (left > 0) {
      const { bytes, start } = this.#chunks[index]!;
      const skip = from - start;
      const take = Math.min(left, bytes.length - skip);
      target.set(take === bytes.length ? bytes : bytes.subarray(skip, skip + take), to);
      from += take;
      to += take;
      left -= take;
      if (left > 0) index += 1;
    }
    this.#hint = index;
  }

  /** The chunk that holds the octet at `position`. */
  #find(position: number): number {
    const chunks = this.#chunks;
    let index = Math.min(this.#hint, chunks.length - 1);
    while (index > 0 && chunks[index]!.start > position) index -= 1;
    while (index + 1 < chunks.length && chunks[index + 1]!.start <= position) index += 1;
    return Math.max(index, 0);
  }
}
