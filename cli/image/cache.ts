import { existsSync } from "node:fs";
import { mkdir, mkdtemp, rename, rm, writeFile } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import { type BuiltRecord, deviations, RECORD, readRecord } from "./built.ts";
import type { TreeImage } from "./tree.ts";

/** The user's cache folder for netroot, by the XDG rules. */
export function defaultCacheDir(env: NodeJS.ProcessEnv = process.env): string {
  const base = env.XDG_CACHE_HOME?.startsWith("/") ? env.XDG_CACHE_HOME : join(homedir(), ".cache");
  return join(base, "netroot");
}

/** Names of the files of a cache entry, beside its built.json. */
export const ENTRY = { kernel: "linux", initrd: "initrd", root: "root.squashfs" } as const;

export interface CacheEntry {
  readonly folder: string;
  readonly record: BuiltRecord;
}

/** The image of an entry, for a tree to be laid out with. */
export function entryImage({ folder, record }: CacheEntry): TreeImage {
  const { description, key, versions } = record;
  const file = (name: string) => ({ source: join(folder, name), record: record.files[name]! });
  return {
    kernel: file(ENTRY.kernel),
    initrd: file(ENTRY.initrd),
    root: file(ENTRY.root),
    about: { description, key, versions },
  };
}

export function entryFolder(cacheDir: string, description: string, key: string): string {
  return join(cacheDir, "images", `${description}-${key}`);
}

/** The entry for a key, where there is one and each of its files is what was built; a damaged one is removed. */
export async function findEntry(
  cacheDir: string,
  description: string,
  key: string,
): Promise<CacheEntry | undefined> {
  const folder = entryFolder(cacheDir, description, key);
  if (!existsSync(folder)) return undefined;
  const record = await readRecord(folder);
  const whole =
    record?.key === key &&
    Object.values(ENTRY).every((name) => name in record.files) &&
    (await deviations(folder, record.files)).length === 0;
  if (whole) return { folder, record };
  await rm(folder, { recursive: true, force: true });
  return undefined;
}

/**
 * Adds an entry. `fill` puts its files into an empty folder and says what they are; the entry appears under its own
 * name in one step when all is there, so that an interrupted build leaves nothing that looks finished.
 */
export async function addEntry(
  cacheDir: string,
  description: string,
  key: string,
  fill: (folder: string) => Promise<BuiltRecord>,
): Promise<CacheEntry> {
  const images = join(cacheDir, "images");
  await mkdir(images, { recursive: true });
  const building = await mkdtemp(join(images, ".building-"));
  try {
    const record = await fill(building);
    await writeFile(join(building, RECORD), `${JSON.stringify(record, null, 2)}\n`);
    const folder = entryFolder(cacheDir, description, key);
    await rm(folder, { recursive: true, force: true });
    await rename(building, folder);
    return { folder, record };
  } finally {
    await rm(building, { recursive: true, force: true });
  }
}
