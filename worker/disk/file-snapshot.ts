import type { Medium } from "./disk.ts";

/** A file as it is now, to be looked at only: it may be open elsewhere. Workers can read one at once. */
export class FileSnapshot implements Medium {
  readonly #file: File;
  readonly #reader = new FileReaderSync();

  constructor(file: File) {
    this.#file = file;
  }

  size(): number {
    return this.#file.size;
  }

  read(at: number, into: Uint8Array): void {
    const bytes = new Uint8Array(this.#reader.readAsArrayBuffer(this.#file.slice(at, at + into.length)));
    into.set(bytes);
    into.fill(0, bytes.length);
  }

  write(): void {
    throw new Error("a snapshot cannot be written to");
  }

  /** What a truncation would cut off is nobody's. */
  truncate(): void {}

  flush(): void {}

  close(): void {}
}
