import type { DisksApi, KeptDisk, Problem } from "../interface.ts";
import { type Disk, DiskError } from "./disk.ts";
import { DiskFolder } from "./disk-folder.ts";
import { type DiskUse, lockDisk, lockedDisks } from "./disk-lock.ts";
import { formatExt4 } from "./ext4/format.ts";
import { FileSnapshot } from "./file-snapshot.ts";
import { downloadImage } from "./image-download.ts";
import { uploadImage } from "./image-upload.ts";
import { layeredOver } from "./layered-over.ts";
import type { OpfsFile } from "./opfs-file.ts";
import { diskFailed, diskRefused } from "./problems.ts";
import { DiskRefusal, type DiskShelf } from "./shelf.ts";
import { SparseDisk } from "./sparse-disk.ts";

const MEBIBYTE = 1024 * 1024;
const COPY_BYTES = 1024 * 1024;

/** The disks in this browser's origin private file system: each is one file, open in one worker at a time. */
export class BrowserDisks implements DiskShelf, DisksApi {
  async open(name: string, newBytes: number): Promise<Disk> {
    return this.#having(name, "in the machine of", async (folder, release) => {
      if (!(await folder.has(name))) await folder.make(name, (file) => formatted(file, newBytes));
      return closedWith(openSparse(await folder.open(name)), release);
    });
  }

  async listDisks(): Promise<readonly KeptDisk[] | Problem> {
    try {
      const files = await (await DiskFolder.open()).files();
      const locked = await lockedDisks();
      return await Promise.all(
        files.map(async ({ name, file }) => ({ name, busy: locked.has(name), ...(await facts(file)) })),
      );
    } catch (error) {
      return problemOf("", error);
    }
  }

  createDisk(name: string, sizeMiB: number): Promise<Problem | undefined> {
    return this.#makeNew(name, (folder) => folder.make(name, (file) => formatted(file, sizeMiB * MEBIBYTE)));
  }

  uploadDisk(name: string, image: Blob): Promise<Problem | undefined> {
    return this.#makeNew(name, (folder) =>
      folder.make(name, (file) => uploadImage(image, (sizeBytes) => SparseDisk.create(file, sizeBytes))),
    );
  }

  duplicateDisk(name: string, newName: string): Promise<Problem | undefined> {
    return this.#makeNew(newName, (folder) =>
      this.#borrow(name, "being copied by", async () => {
        const file = await folder.open(name);
        try {
          await folder.make(newName, (copy) => copyFile(file, copy));
        } finally {
          file.close();
        }
      }),
    );
  }

  renameDisk(name: string, newName: string): Promise<Problem | undefined> {
    return this.#makeNew(newName, (folder) =>
      this.#borrow(name, "being changed by", () => folder.rename(name, newName)),
    );
  }

  resetDisk(name: string): Promise<Problem | undefined> {
    return this.#changed(name, async (folder) => {
      const disk = openSparse(await folder.open(name));
      const { sizeBytes } = disk;
      disk.close();
      await folder.remove(name);
      await folder.make(name, (file) => formatted(file, sizeBytes));
    });
  }

  deleteDisk(name: string): Promise<Problem | undefined> {
    return this.#changed(name, (folder) => folder.remove(name));
  }

  async downloadDisk(name: string): Promise<Blob | Problem> {
    try {
      return await this.#borrow(name, "being copied by", async (folder) => {
        const disk = openSparse(await folder.open(name));
        try {
          return await new Response(downloadImage(disk)).blob();
        } finally {
          disk.close();
        }
      });
    } catch (error) {
      return problemOf(name, error);
    }
  }

  #makeNew(name: string, make: (folder: DiskFolder) => Promise<void>): Promise<Problem | undefined> {
    return this.#changed(name, async (folder) => {
      if (await folder.has(name))
        throw new DiskRefusal("taken", `There is a disk ${name} already.`, "Choose another name.");
      await make(folder);
    });
  }

  async #changed(name: string, change: (folder: DiskFolder) => Promise<void>): Promise<Problem | undefined> {
    try {
      await this.#borrow(name, "being changed by", change);
      return undefined;
    } catch (error) {
      return problemOf(name, error);
    }
  }

  /** Has the disk for as long as `work` takes. */
  #borrow<T>(name: string, use: DiskUse, work: (folder: DiskFolder) => Promise<T>): Promise<T> {
    return this.#having(name, use, async (folder, release) => {
      const result = await work(folder);
      release();
      return result;
    });
  }

  /** Has the disk until `release` is called, or `work` fails. */
  async #having<T>(
    name: string,
    use: DiskUse,
    work: (folder: DiskFolder, release: () => void) => Promise<T>,
  ): Promise<T> {
    const folder = await DiskFolder.open();
    const release = await lockDisk(name, use);
    try {
      return await work(folder, release);
    } catch (error) {
      release();
      throw error;
    }
  }
}

function formatted(file: OpfsFile, sizeBytes: number): void {
  const disk = SparseDisk.create(file, sizeBytes);
  formatExt4(disk, { uuid: crypto.getRandomValues(new Uint8Array(16)), timeMs: Date.now() });
  disk.flush();
}

function openSparse(file: OpfsFile): SparseDisk {
  try {
    return SparseDisk.open(file);
  } catch (error) {
    file.close();
    throw error;
  }
}

function copyFile(file: OpfsFile, copy: OpfsFile): void {
  const end = file.size();
  for (let at = 0; at < end; at += COPY_BYTES) {
    const piece = new Uint8Array(Math.min(COPY_BYTES, end - at));
    file.read(at, piece);
    copy.write(at, piece);
  }
  copy.flush();
}

/** Only the header, the table and the first sector are read; it may be open elsewhere. */
async function facts(file: File): Promise<Omit<KeptDisk, "name" | "busy">> {
  try {
    const disk = SparseDisk.open(new FileSnapshot(file));
    const over = layeredOver(disk)?.name;
    return { sizeBytes: disk.sizeBytes, usedBytes: file.size, ...(over !== undefined && { over }) };
  } catch (error) {
    return {
      sizeBytes: 0,
      usedBytes: file.size,
      damaged: error instanceof Error ? error.message : String(error),
    };
  }
}

function closedWith(disk: SparseDisk, release: () => void): Disk {
  return {
    sizeBytes: disk.sizeBytes,
    get unsynced() {
      return disk.unsynced;
    },
    usedBytes: () => disk.usedBytes(),
    read: (at, into) => disk.read(at, into),
    write: (at, bytes) => disk.write(at, bytes),
    flush: () => disk.flush(),
    close() {
      disk.close();
      release();
    },
  };
}

/** Throws what is neither: a defect. */
function problemOf(name: string, error: unknown): Problem {
  if (error instanceof DiskRefusal) return { ...diskRefused(error), severity: "warning" };
  if (error instanceof DiskError) return { ...diskFailed(name, error), severity: "warning" };
  throw error;
}
