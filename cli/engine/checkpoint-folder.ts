import { mkdir, readdir, readFile, rename, rm, stat, utimes, writeFile } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import { type CheckpointStore, MOST_CHECKPOINTS } from "../../worker/checkpoint/store.ts";

/** Where checkpoints are kept when nobody says otherwise. */
export function defaultCheckpointFolder(): string {
  return join(process.env.XDG_CACHE_HOME || join(homedir(), ".cache"), "netroot", "checkpoints");
}

/** Checkpoints as files in a folder, which is made when the first is saved. */
export function checkpointFolder(folder: string): CheckpointStore {
  return {
    async load(key) {
      const path = join(folder, key);
      try {
        const file = new Uint8Array(await readFile(path));
        const now = new Date();
        await utimes(path, now, now);
        return file;
      } catch {
        return undefined;
      }
    },
    async save(key, file) {
      await mkdir(folder, { recursive: true });
      // Whole or not at all, whoever reads meanwhile.
      const partial = join(folder, `${key}.${process.pid}.partial`);
      try {
        await writeFile(partial, file);
        await rename(partial, join(folder, key));
      } finally {
        await rm(partial, { force: true });
      }
      await forgetOldest(folder);
    },
    remove: (key) => rm(join(folder, key), { force: true }),
  };
}

async function forgetOldest(folder: string): Promise<void> {
  const names = (await readdir(folder)).filter((name) => /^[0-9a-f]{64}$/.test(name));
  const files = await Promise.all(
    names.map(async (name) => ({ name, usedMs: (await stat(join(folder, name))).mtimeMs })),
  );
  files.sort((a, b) => b.usedMs - a.usedMs);
  for (const { name } of files.slice(MOST_CHECKPOINTS)) await rm(join(folder, name), { force: true });
}
