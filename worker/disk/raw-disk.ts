import { type Disk, DiskError, diskError, type Medium } from "./disk.ts";

/** A disk that is its file, byte for byte. How sparse it is, is the file system's to say. */
export class RawDisk implements Disk {
  readonly sizeBytes: number;
  readonly #medium: Medium;
  readonly #used: () => number;
  #unsynced = false;

  /**
   * Throws a `DiskError` where the file is no whole number of sectors.
   * @param used bytes that the file takes
   */
  constructor(medium: Medium, used: () => number) {
    this.#medium = medium;
    this.#used = used;
    this.sizeBytes = medium.size();
    if (this.sizeBytes === 0 || this.sizeBytes % 512 !== 0)
      throw new DiskError(
        "damaged",
        `The file has ${this.sizeBytes} bytes; a disk has sectors of 512 bytes.`,
      );
  }

  get unsynced(): boolean {
    return this.#unsynced;
  }

  usedBytes(): number {
    return this.#used();
  }

  read(at: number, into: Uint8Array): void {
    this.#check(at, into.length);
    try {
      this.#medium.read(at, into);
    } catch (cause) {
      throw diskError("read", cause);
    }
  }

  write(at: number, bytes: Uint8Array): void {
    this.#check(at, bytes.length);
    this.#unsynced = true;
    try {
      this.#medium.write(at, bytes);
    } catch (cause) {
      throw diskError("written", cause);
    }
  }

  flush(): void {
    if (!this.#unsynced) return;
    try {
      this.#medium.flush();
      this.#unsynced = false;
    } catch (cause) {
      throw diskError("flushed", cause);
    }
  }

  close(): void {
    try {
      this.flush();
    } catch {
      // What was not flushed is lost, as it would be with the power.
    }
    this.#medium.close();
  }

  #check(at: number, length: number): void {
    if (at < 0 || at + length > this.sizeBytes)
      throw new RangeError(`${at}+${length} is outside of the disk`);
  }
}
