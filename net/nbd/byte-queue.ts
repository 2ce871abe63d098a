/** Bytes that arrived and were not read yet: chunks in, exact lengths out, wherever the chunks were split. */
export class ByteQueue {
  #chunks: Uint8Array[] = [];
  /** Bytes of the first chunk that are read already. */
  #offset = 0;
  #length = 0;

  get length(): number {
    return this.#length;
  }

  /** Keeps the chunk: it must not be written to afterwards. */
  push(chunk: Uint8Array): void {
    if (chunk.length === 0) return;
    this.#chunks.push(chunk);
    this.#length += chunk.length;
  }

  /** The next `count` bytes, or `undefined` while there are fewer. A view where they lie in one chunk, else a copy. */
  take(count: number): Uint8Array | undefined {
    if (count > this.#length) return undefined;
    const bytes = this.#view(count);
    this.#discard(count);
    return bytes;
  }

  /** As `take`, and the bytes stay. */
  peek(count: number): Uint8Array | undefined {
    return count > this.#length ? undefined : this.#view(count);
  }

  /** Drops up to `count` bytes and returns how many there were. */
  skip(count: number): number {
    const skipped = Math.min(count, this.#length);
    this.#discard(skipped);
    return skipped;
  }

  clear(): void {
    this.#chunks = [];
    this.#offset = 0;
    this.#length = 0;
  }

  #view(count: number): Uint8Array {
    const first = this.#chunks[0];
    if (first === undefined || count === 0) return new Uint8Array(0);
    if (first.length - this.#offset >= count) return first.subarray(this.#offset, this.#offset + count);
    const bytes = new Uint8Array(count);
    let filled = 0;
    let from = this.#offset;
    for (const chunk of this.#chunks) {
      const part = chunk.subarray(from, Math.min(chunk.length, from + count - filled));
      bytes.set(part, filled);
      filled += part.length;
      from = 0;
      if (filled === count) break;
    }
    return bytes;
  }

  #discard(count: number): void {
    this.#length -= count;
    this.#offset += count;
    let whole = 0;
    while (whole < this.#chunks.length && this.#offset >= this.#chunks[whole]!.length) {
      this.#offset -= this.#chunks[whole]!.length;
      whole += 1;
    }
    if (whole > 0) this.#chunks = this.#chunks.slice(whole);
  }
}
