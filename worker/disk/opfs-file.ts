import { DiskError, type Medium } from "./disk.ts";

/** A file of the origin private file system, open in this worker and nowhere else. */
export class OpfsFile implements Medium {
  readonly #handle: FileSystemSyncAccessHandle;

  constructor(handle: FileSystemSyncAccessHandle) {
    this.#handle = handle;
  }

  size(): number {
    return this.#handle.getSize();
  }

  read(at: number, into: Uint8Array): void {
    const count = this.#handle.read(into as Uint8Array<ArrayBuffer>, { at });
    if (count > into.length) throw new DiskError("failed", "The disk's file could not be read.");
    into.fill(0, count);
  }

  write(at: number, bytes: Uint8Array): void {
    // Where there is no room Chromium 156 throws nothing, and returns its own error as a number of some four billion.
    const count = this.#handle.write(bytes as Uint8Array<ArrayBuffer>, { at });
    if (count !== bytes.length) throw new DiskError("full", "There is no room left where the disk is kept.");
  }

  truncate(size: number): void {
    this.#handle.truncate(size);
  }

  flush(): void {
    this.#handle.flush();
  }

  close(): void {
    this.#handle.close();
  }
}
