import { diskError } from "./disk.ts";
import { OpfsFile } from "./opfs-file.ts";
import { DiskRefusal } from "./shelf.ts";

const FOLDER = "disks";
/** Of a disk that is being made: nothing that was not finished ever has a disk's name. */
const UNFINISHED = ".part";
const NAME = /^[\p{L}\p{N}][\p{L}\p{N} ._-]{0,62}$/u;

/** `move` of a file within its folder (the File System specification); TypeScript's library does not have it yet. */
interface MovableFile extends FileSystemFileHandle {
  move(newName: string): Promise<void>;
}

/** The files of this browser's disks. All reject with a `DiskRefusal` or a `DiskError`. */
export class DiskFolder {
  readonly #handle: FileSystemDirectoryHandle;

  private constructor(handle: FileSystemDirectoryHandle) {
    this.#handle = handle;
  }

  static async open(): Promise<DiskFolder> {
    try {
      const root = await navigator.storage.getDirectory();
      return new DiskFolder(await root.getDirectoryHandle(FOLDER, { create: true }));
    } catch {
      throw new DiskRefusal(
        "denied",
        "This browser keeps nothing for this page, so there can be no disk in it.",
        "Leave the private window, allow the page to store data, or open it at localhost or by HTTPS; or keep the write layer in memory.",
      );
    }
  }

  /** The files of all disks that were finished, by name. */
  async files(): Promise<readonly { readonly name: string; readonly file: File }[]> {
    const files: { readonly name: string; readonly file: File }[] = [];
    for await (const [name, handle] of this.#handle.entries())
      if (handle.kind === "file" && !name.endsWith(UNFINISHED))
        files.push({ name, file: await handle.getFile() });
    return files.sort((a, b) => a.name.localeCompare(b.name));
  }

  async has(name: string): Promise<boolean> {
    return (await this.#handle.getFileHandle(name).catch(() => undefined)) !== undefined;
  }

  /** Rejects where there is none. */
  async open(name: string): Promise<OpfsFile> {
    const handle = await this.#handle.getFileHandle(name).catch(() => undefined);
    if (handle === undefined)
      throw new DiskRefusal("missing", `There is no disk ${name}.`, "Choose another one, or create it.");
    return access(handle);
  }

  /** Has `fill` write a new disk, which has this name when it is whole. */
  async make(name: string, fill: (file: OpfsFile) => void | Promise<void>): Promise<void> {
    checkName(name);
    try {
      const handle = await this.#handle.getFileHandle(name + UNFINISHED, { create: true });
      const file = await access(handle);
      try {
        await fill(file);
      } finally {
        file.close();
      }
      await (handle as MovableFile).move(name);
    } catch (cause) {
      await this.#handle.removeEntry(name + UNFINISHED).catch(() => {});
      throw cause instanceof DiskRefusal ? cause : diskError("written", cause);
    }
  }

  async rename(name: string, newName: string): Promise<void> {
    checkName(newName);
    try {
      await ((await this.#handle.getFileHandle(name)) as MovableFile).move(newName);
    } catch (cause) {
      throw diskError("written", cause);
    }
  }

  async remove(name: string): Promise<void> {
    try {
      await this.#handle.removeEntry(name);
    } catch (cause) {
      throw diskError("written", cause);
    }
  }
}

async function access(handle: FileSystemFileHandle): Promise<OpfsFile> {
  try {
    return new OpfsFile(await handle.createSyncAccessHandle());
  } catch (cause) {
    throw diskError("read", cause);
  }
}

function checkName(name: string): void {
  if (NAME.test(name) && !name.endsWith(UNFINISHED)) return;
  throw new DiskRefusal(
    "name",
    `A disk cannot be called ${JSON.stringify(name)}.`,
    "A name begins with a letter or a digit and has up to 63 letters, digits, spaces, dots, dashes and underscores.",
  );
}
