/** The smallest buffer; shorter bytes lie in one of this size. */
const MIN_BYTES = 4096;

/**
 * Buffers that are used again, so that reading a disk leaves no garbage: a collector that has to find out by itself that
 * megabytes are free works harder than who reads. Sizes are powers of two. What nobody gives back is simply garbage.
 */
export class BufferPool {
  readonly #maxIdleBytes: number;
  /** Buffers at rest, by size. */
  readonly #idle = new Map<number, ArrayBuffer[]>();
  /** Those that somebody has. */
  readonly #lent = new WeakSet<ArrayBufferLike>();
  #idleBytes = 0;

  /** More than `maxIdleBytes` are not kept at rest; policy: what comes back to a full pool is let go. */
  constructor(maxIdleBytes: number) {
    this.#maxIdleBytes = maxIdleBytes;
  }

  /** What is at rest, in bytes. */
  get idleBytes(): number {
    return this.#idleBytes;
  }

  /** `length` bytes of any content, which are the caller's alone until it gives them back. */
  take(length: number): Uint8Array {
    const size = sizeFor(length);
    const resting = this.#idle.get(size)?.pop();
    if (resting !== undefined) this.#idleBytes -= size;
    const buffer = resting ?? new ArrayBuffer(size);
    this.#lent.add(buffer);
    return new Uint8Array(buffer, 0, length);
  }

  /** Takes back what `take` gave: nobody reads or writes these bytes again. Anything else, and anything twice, is ignored. */
  giveBack(bytes: Uint8Array): void {
    const { buffer } = bytes;
    if (!this.#lent.delete(buffer) || !(buffer instanceof ArrayBuffer)) return;
    const size = buffer.byteLength;
    if (this.#idleBytes + size > this.#maxIdleBytes) return;
    const resting = this.#idle.get(size);
    if (resting === undefined) this.#idle.set(size, [buffer]);
    else resting.push(buffer);
    this.#idleBytes += size;
  }
}

function sizeFor(length: number): number {
  let size = MIN_BYTES;
  while (size < length) size *= 2;
  return size;
}
