import { randomBytes } from "node:crypto";
import { rmSync } from "node:fs";
import { link, readFile, rm, stat, writeFile } from "node:fs/promises";
import type { Disk } from "../../worker/disk/disk.ts";
import { formatExt4 } from "../../worker/disk/ext4/format.ts";
import { RawDisk } from "../../worker/disk/raw-disk.ts";
import { DiskRefusal, type DiskShelf } from "../../worker/disk/shelf.ts";
import { NodeFile } from "./node-file.ts";

/**
 * Disks that are raw images in files, named by their paths. A file that is missing is made, formatted as ext4. While a machine has one,
 * `PATH.lock` names its process.
 */
export const fileDisks: DiskShelf = {
  async open(path, newBytes) {
    await lock(path);
    try {
      return unlockedOnClose(await openFile(path, newBytes), path);
    } catch (error) {
      await rm(lockOf(path), { force: true });
      throw error;
    }
  },
};

const lockOf = (path: string) => `${path}.lock`;

async function openFile(path: string, newBytes: number): Promise<Disk> {
  if (!(await stat(path).catch(() => undefined))) makeDisk(path, newBytes);
  try {
    const file = new NodeFile(path, "open");
    return new RawDisk(file, () => file.allocated());
  } catch (error) {
    throw refusal(path, error);
  }
}

/** Makes a file that is a formatted disk. Throws a `DiskRefusal` where there is something of this name, or it cannot be made. */
export function makeDisk(path: string, sizeBytes: number): void {
  try {
    const file = new NodeFile(path, "create");
    file.truncate(sizeBytes);
    const disk = new RawDisk(file, () => file.allocated());
    formatExt4(disk, { uuid: randomBytes(16), timeMs: Date.now() });
    disk.close();
  } catch (error) {
    throw refusal(path, error);
  }
}

function refusal(path: string, error: unknown): unknown {
  if (!(error instanceof Error) || !("code" in error) || !("syscall" in error)) return error;
  return new DiskRefusal(
    "denied",
    `The disk ${path} cannot be opened for reading and writing: ${error.message}.`,
    "Name a file in a folder that may be written to; it is made where it is missing.",
  );
}

/** Written in full under another name first: nobody ever reads a lock without its holder. */
async function lock(path: string): Promise<void> {
  const mine = `${lockOf(path)}.${process.pid}`;
  try {
    await writeFile(mine, `${process.pid}\n`);
    for (;;) {
      try {
        return await link(mine, lockOf(path));
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
      }
      const holder = Number.parseInt(await readFile(lockOf(path), "utf8").catch(() => ""), 10);
      if (isAlive(holder)) {
        throw new DiskRefusal(
          "busy",
          `The disk ${path} is in another machine, that of process ${holder}.`,
          "Switch that one off, or name another file.",
        );
      }
      await rm(lockOf(path), { force: true });
    }
  } catch (error) {
    throw refusal(path, error);
  } finally {
    await rm(mine, { force: true });
  }
}

function isAlive(pid: number): boolean {
  if (!(pid > 0)) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

function unlockedOnClose(disk: Disk, path: string): Disk {
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
      rmSync(lockOf(path), { force: true });
    },
  };
}
