import type { Medium } from "../disk.ts";

const SECTOR_BYTES = 512;
const GROWTH = 1.5;

/** Bytes that grow. What was never written is zero. */
class Bytes {
  #bytes = new Uint8Array(0);
  size = 0;

  constructor(content = new Uint8Array(0)) {
    this.#bytes = content.slice();
    this.size = content.length;
  }

  read(at: number, into: Uint8Array): void {
    const there = this.#bytes.subarray(at, Math.min(at + into.length, this.size));
    into.fill(0);
    into.set(there);
  }

  write(at: number, bytes: Uint8Array): void {
    const end = at + bytes.length;
    if (end > this.#bytes.length) {
      const larger = new Uint8Array(Math.ceil(end * GROWTH));
      larger.set(this.#bytes.subarray(0, this.size));
      this.#bytes = larger;
    }
    this.#bytes.set(bytes, at);
    this.size = Math.max(this.size, end);
  }

  truncate(size: number): void {
    if (size > this.size) this.write(size, new Uint8Array(0));
    this.#bytes.fill(0, Math.min(size, this.size), this.size);
    this.size = size;
  }

  copy(): Uint8Array<ArrayBuffer> {
    return this.#bytes.slice(0, this.size);
  }
}

type Change = { readonly at: number; readonly bytes: Uint8Array } | { readonly size: number };

/**
 * A file under a write cache that forgets at a power cut: of what was written since the last flush any part may be kept, sector by
 * sector, in no order. Fails where a test says so.
 */
export class VolatileMedium implements Medium {
  readonly #now: Bytes;
  readonly #kept: Bytes;
  #pending: Change[] = [];
  /** Writes, truncations and flushes so far. */
  operations = 0;
  /** Called with the number of each operation before it is done; what it throws is thrown. */
  before: (operation: number) => void = () => {};
  closed = false;

  constructor(content?: Uint8Array<ArrayBuffer>) {
    this.#now = new Bytes(content);
    this.#kept = new Bytes(content);
  }

  size(): number {
    return this.#now.size;
  }

  read(at: number, into: Uint8Array): void {
    this.#now.read(at, into);
  }

  write(at: number, bytes: Uint8Array): void {
    this.#count();
    this.#now.write(at, bytes);
    this.#pending.push({ at, bytes: bytes.slice() });
  }

  truncate(size: number): void {
    this.#count();
    this.#now.truncate(size);
    this.#pending.push({ size });
  }

  flush(): void {
    this.#count();
    for (const change of this.#pending) {
      if ("size" in change) this.#kept.truncate(change.size);
      else this.#kept.write(change.at, change.bytes);
    }
    this.#pending = [];
  }

  close(): void {
    this.closed = true;
  }

  /** What is there after the power was cut now. `random` gives numbers from 0 to below 1. */
  cut(random: () => number): Uint8Array<ArrayBuffer> {
    const kept = new Bytes(this.#kept.copy());
    const share = random();
    for (const change of this.#pending) {
      if ("size" in change) {
        if (random() < share) kept.truncate(change.size);
        continue;
      }
      for (let done = 0; done < change.bytes.length; ) {
        const at = change.at + done;
        const length = Math.min(SECTOR_BYTES - (at % SECTOR_BYTES), change.bytes.length - done);
        if (random() < share) kept.write(at, change.bytes.subarray(done, done + length));
        done += length;
      }
    }
    return kept.copy();
  }

  #count(): void {
    this.operations += 1;
    this.before(this.operations);
  }
}
