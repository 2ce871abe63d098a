import { constants } from "node:fs";
import { type FileHandle, open, readFile } from "node:fs/promises";
import { basename } from "node:path";
import { type Export, ExportError } from "../../net/export/export.ts";

export interface FileExportOptions {
  /** An image file, or a block device of this machine. */
  readonly path: string;
  readonly name: string;
  readonly readOnly?: boolean;
}

/** Opens an image file as an export. Rejects with an `ExportError` whose message says what is wrong with the file. */
export async function openFileExport(options: FileExportOptions): Promise<FileExport> {
  const { path, name, readOnly = true } = options;
  const refuse = (why: string, cause?: unknown) =>
    new ExportError("EIO", `The export "${name}" cannot be served: ${why}`, { cause });
  let handle: FileHandle;
  try {
    // O_NONBLOCK: opening a fifo would wait for a writer. It means nothing for a file or a block device.
    handle = await open(path, (readOnly ? constants.O_RDONLY : constants.O_RDWR) | constants.O_NONBLOCK);
  } catch (error) {
    throw refuse(whyNotOpen(error as NodeJS.ErrnoException, path, readOnly), error);
  }
  try {
    const sizeBytes = await sizeOf(handle);
    if (sizeBytes === undefined) throw refuse(`${path} is neither a file nor a block device.`);
    if (sizeBytes === 0) throw refuse(`${path} is empty.`);
    return new FileExport(name, path, sizeBytes, readOnly, handle);
  } catch (error) {
    await handle.close();
    throw error;
  }
}

/** An image file that netroot reads itself: what stands in where there is no NBD server. */
export class FileExport implements Export {
  readonly name: string;
  readonly sizeBytes: number;
  readonly readOnly: boolean;
  readonly description: string;
  readonly #path: string;
  readonly #handle: FileHandle;
  #closed = false;

  constructor(name: string, path: string, sizeBytes: number, readOnly: boolean, handle: FileHandle) {
    this.name = name;
    this.sizeBytes = sizeBytes;
    this.readOnly = readOnly;
    this.description = `image file ${basename(path)}`;
    this.#path = path;
    this.#handle = handle;
  }

  async read(offset: number, length: number): Promise<Uint8Array> {
    const bytes = Buffer.allocUnsafeSlow(length);
    await this.#whole(length, async (done) => {
      return (await this.#handle.read(bytes, done, length - done, offset + done)).bytesRead;
    });
    return bytes;
  }

  async write(offset: number, bytes: Uint8Array): Promise<void> {
    if (this.readOnly) throw new ExportError("EPERM", `The export "${this.name}" is read-only.`);
    await this.#whole(bytes.length, async (done) => {
      return (await this.#handle.write(bytes, done, bytes.length - done, offset + done)).bytesWritten;
    });
  }

  async flush(): Promise<void> {
    if (!this.readOnly) await this.#attempt(() => this.#handle.datasync());
  }

  /** What is under way is finished first. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await this.#handle.close();
  }

  /** Calls `part` with the number of bytes that are done until all are. */
  async #whole(length: number, part: (done: number) => Promise<number>): Promise<void> {
    for (let done = 0; done < length; ) {
      const count = await this.#attempt(() => part(done));
      if (count === 0)
        throw new ExportError("EIO", `${this.#path} is shorter than it was when it was opened.`);
      done += count;
    }
  }

  async #attempt<T>(use: () => Promise<T>): Promise<T> {
    if (this.#closed) throw new ExportError("ESHUTDOWN", `The export "${this.name}" was closed.`);
    try {
      return await use();
    } catch (cause) {
      const { code, message } = cause as NodeJS.ErrnoException;
      const full = code === "ENOSPC" || code === "EDQUOT";
      throw new ExportError(full ? "ENOSPC" : "EIO", `${this.#path}: ${message}`, { cause });
    }
  }
}

/** The exact size, as nbd-server reports it: it rounds nothing. `undefined` for what is no block device. */
async function sizeOf(handle: FileHandle): Promise<number | undefined> {
  const stat = await handle.stat();
  if (stat.isFile()) return stat.size;
  if (!stat.isBlockDevice()) return undefined;
  // Linux's split of dev_t for devices that exist: 12 bits of major, 20 of minor.
  const major = (stat.rdev >>> 8) & 0xfff;
  const minor = (stat.rdev & 0xff) | ((stat.rdev >>> 12) & 0xfff00);
  const sectors = await readFile(`/sys/dev/block/${major}:${minor}/size`, "utf8");
  return Number(sectors) * 512;
}

function whyNotOpen({ code, message }: NodeJS.ErrnoException, path: string, readOnly: boolean): string {
  switch (code) {
    case "ENOENT":
    case "ENOTDIR":
      return `there is no file ${path}.`;
    case "EACCES":
    case "EPERM":
      return `${path} may not be ${readOnly ? "read" : "written"}: look at its permissions.`;
    case "EISDIR":
      return `${path} is a folder.`;
    case "EROFS":
      return `${path} is on a read-only file system, so it cannot be written to.`;
    default:
      return `${path} cannot be opened: ${message}.`;
  }
}
