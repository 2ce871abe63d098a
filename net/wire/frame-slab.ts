import { MAX_BATCH_BYTES } from "./batch.ts";

const LENGTH_BYTES = 2;

/**
 * Makes frames in one buffer after the other, each behind its length as u16be: what a batch is made of (`batch.ts`). So a
 * batch of frames that were made in a row is a view of their buffer, and one allocation serves many frames.
 *
 * Everything that holds a frame holds its slab, 48 KiB: queues of frames have to be short.
 */
export class FrameSlab {
  #bytes = new Uint8Array(0);
  #used = 0;

  /** A frame of zeroes, to be filled before it is handed on. */
  allocate(length: number): Uint8Array {
    const bytes = LENGTH_BYTES + length;
    if (bytes > MAX_BATCH_BYTES) return new Uint8Array(length);
    if (this.#used + bytes > this.#bytes.length) {
      this.#bytes = new Uint8Array(MAX_BATCH_BYTES);
      this.#used = 0;
    }
    const start = this.#used;
    this.#used += bytes;
    this.#bytes[start] = length >>> 8;
    this.#bytes[start + 1] = length & 0xff;
    return this.#bytes.subarray(start + LENGTH_BYTES, this.#used);
  }
}
