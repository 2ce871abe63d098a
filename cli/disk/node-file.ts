import { closeSync, fdatasyncSync, fstatSync, ftruncateSync, openSync, readSync, writeSync } from "node:fs";
import type { Medium } from "../../worker/disk/disk.ts";

/** A file under Node, open for reading and writing. It is made where it is missing. */
export class NodeFile implements Medium {
  readonly #fd: number;

  /** @param how `create` fails where there is one already */
  constructor(path: string, how: "open" | "create") {
    this.#fd = openSync(path, how === "create" ? "wx+" : "r+");
  }

  size(): number {
    return fstatSync(this.#fd).size;
  }

  /** Bytes that it takes on its file system; holes take none. */
  allocated(): number {
    return fstatSync(this.#fd).blocks * 512;
  }

  read(at: number, into: Uint8Array): void {
    for (let done = 0; done < into.length; ) {
      const count = readSync(this.#fd, into, done, into.length - done, at + done);
      if (count === 0) {
        into.fill(0, done);
        return;
      }
      done += count;
    }
  }

  write(at: number, bytes: Uint8Array): void {
    for (let done = 0; done < bytes.length; )
      done += writeSync(this.#fd, bytes, done, bytes.length - done, at + done);
  }

  truncate(size: number): void {
    ftruncateSync(this.#fd, size);
  }

  flush(): void {
    fdatasyncSync(this.#fd);
  }

  close(): void {
    closeSync(this.#fd);
  }
}
