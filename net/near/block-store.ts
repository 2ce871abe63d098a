/** Blocks in memory, by number. Bounded: the one that was used longest ago makes room. */
export class BlockStore {
  /** In the order of their last use. */
  readonly #blocks = new Map<number, Uint8Array>();
  readonly #maxBytes: number;
  #bytes = 0;
  #evictions = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  get bytes(): number {
    return this.#bytes;
  }
  get evictions(): number {
    return this.#evictions;
  }

  has(block: number): boolean {
    return this.#blocks.has(block);
  }

  get(block: number): Uint8Array | undefined {
    const bytes = this.#blocks.get(block);
    if (bytes === undefined) return undefined;
    this.#blocks.delete(block);
    this.#blocks.set(block, bytes);
    return bytes;
  }

  /** Keeps the bytes: they must not be written to afterwards. */
  put(block: number, bytes: Uint8Array): void {
    this.#drop(block);
    this.#blocks.set(block, bytes);
    this.#bytes += bytes.length;
    for (const oldest of this.#blocks.keys()) {
      if (this.#bytes <= this.#maxBytes) return;
      this.#drop(oldest);
      this.#evictions += 1;
    }
  }

  clear(): void {
    this.#blocks.clear();
    this.#bytes = 0;
  }

  #drop(block: number): void {
    const bytes = this.#blocks.get(block);
    if (bytes === undefined) return;
    this.#blocks.delete(block);
    this.#bytes -= bytes.length;
  }
}
