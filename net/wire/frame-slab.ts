import { MAX_BATCH_BYTES } from "./batch.ts";

const LENGTH_BYTES = 2;
/** Slabs at rest that are kept; policy: what comes back beyond them is let go. */
const MAX_IDLE = 8;

interface Slab {
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** From the start. */
  used: number;
  /** Frames that were not given back. */
  frames: number;
}

/**
 * Makes frames in one buffer after the other, each behind its length as u16be: what a batch is made of (`batch.ts`). So a
 * batch of frames that were made in a row is a view of their buffer, and one allocation serves many frames.
 *
 * Everything that holds a frame holds its slab, 48 KiB: queues of frames have to be short. A slab whose frames were all given
 * back is used again; one of which a frame was lost on the way, or is still held somewhere, is not.
 */
export class FrameSlab {
  #current: Slab | undefined;
  readonly #idle: Slab[] = [];
  readonly #slabs = new WeakMap<ArrayBufferLike, Slab>();

  /** A frame of zeroes, to be filled before it is handed on. */
  allocate(length: number): Uint8Array {
    const bytes = LENGTH_BYTES + length;
    if (bytes > MAX_BATCH_BYTES) return new Uint8Array(length);
    let slab = this.#current;
    if (slab === undefined || slab.used + bytes > MAX_BATCH_BYTES) {
      slab = this.#idle.pop() ?? this.#newSlab();
      this.#current = slab;
    }
    const start = slab.used;
    slab.used += bytes;
    slab.frames += 1;
    slab.bytes[start] = length >>> 8;
    slab.bytes[start + 1] = length & 0xff;
    return slab.bytes.subarray(start + LENGTH_BYTES, slab.used);
  }

  /**
   * Takes frames back, each once and by the one who had it last: nobody looks at them again. Frames that were made elsewhere
   * are ignored.
   */
  giveBack(frames: readonly Uint8Array[]): void {
    let slab: Slab | undefined;
    for (const frame of frames) {
      if (slab?.bytes.buffer !== frame.buffer) slab = this.#slabs.get(frame.buffer);
      if (slab === undefined) continue;
      slab.frames -= 1;
      if (slab.frames === 0) this.#rest(slab);
    }
  }

  #newSlab(): Slab {
    const slab = { bytes: new Uint8Array(MAX_BATCH_BYTES), used: 0, frames: 0 };
    this.#slabs.set(slab.bytes.buffer, slab);
    return slab;
  }

  #rest(slab: Slab): void {
    slab.bytes.fill(0, 0, slab.used);
    slab.used = 0;
    if (slab !== this.#current && this.#idle.length < MAX_IDLE) this.#idle.push(slab);
  }
}
