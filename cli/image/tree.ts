import { createHash } from "node:crypto";
import { constants, existsSync } from "node:fs";
import { chmod, copyFile, mkdir, mkdtemp, readdir, rename, rm, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { EXPORT, HOST_FILES, type HostFile, nbdServerConfig, pxelinuxConfig } from "./boot-files.ts";
import { type BuiltRecord, deviations, type FileRecord, fileRecord, RECORD, readRecord } from "./built.ts";
import { ImageError } from "./errors.ts";

export interface ImageFile {
  readonly source: string;
  readonly record: FileRecord;
}

/** A KIS image: what a tree is made for. */
export interface TreeImage {
  readonly kernel: ImageFile;
  readonly initrd: ImageFile;
  readonly root: ImageFile;
  /** For the tree's record. */
  readonly about: Pick<BuiltRecord, "description" | "key" | "versions">;
}

export interface TreePlan {
  /** Absolute. */
  readonly tree: string;
  readonly image: TreeImage;
  readonly kernelParameters: string;
  readonly hostFiles?: readonly HostFile[];
}

export interface LaidOutTree {
  readonly record: BuiltRecord;
  /** Paths of files that a person has changed since they were written here, and that were left as they are. */
  readonly kept: readonly string[];
}

/** Texts that a person edits: a changed one is kept. */
const EDITABLE: readonly string[] = ["tftpboot/pxelinux.cfg/default", "nbd-server/config"];

/**
 * Lays a boot tree out. A new tree appears in one step. In a tree of ours, our files are replaced
 * one by one, each in one step, and everything else stays.
 */
export async function layOutTree(plan: TreePlan): Promise<LaidOutTree> {
  const { tree } = plan;
  const before = await requireOurs(tree);
  await mkdir(dirname(tree), { recursive: true });
  const fresh = await mkdtemp(join(dirname(tree), `.${basename(tree).replace(/^\./, "")}.new-`));
  try {
    await chmod(fresh, 0o755); // mkdtemp's own mode would keep a server that runs as another user out
    const record = await fill(fresh, plan);
    if (before === undefined) {
      await rm(tree, { recursive: true, force: true }); // at most an empty folder
      await rename(fresh, tree);
      return { record, kept: [] };
    }
    return { record, kept: await replace(fresh, tree, before, record) };
  } finally {
    await rm(fresh, { recursive: true, force: true });
  }
}

/** Whether the tree already is what the plan would make of it, but for files that a person edited. */
export async function isUpToDate(
  { tree, kernelParameters }: Pick<TreePlan, "tree" | "kernelParameters">,
  key: string,
): Promise<BuiltRecord | undefined> {
  const record = await readRecord(tree);
  if (record?.key !== key) return undefined;
  for (const [path, text] of Object.entries(textsOf(tree, kernelParameters)))
    if (record.files[path]?.sha256 !== createHash("sha256").update(text).digest("hex")) return undefined;
  const changed = await deviations(tree, record.files);
  return changed.every((path) => EDITABLE.includes(path) && existsSync(join(tree, path)))
    ? record
    : undefined;
}

/** The record of a tree that we made; undefined where nothing is there yet. */
async function requireOurs(tree: string): Promise<BuiltRecord | undefined> {
  if (!existsSync(tree)) return undefined;
  const record = await readRecord(tree);
  if (record !== undefined) return record;
  const inside = await readdir(tree).catch(() => ["(not a folder)"]);
  if (inside.length === 0) return undefined;
  throw new ImageError(
    "foreign-tree",
    `${tree} is there already and was not made by "netroot image build": name another folder, or remove it.`,
  );
}

async function fill(folder: string, plan: TreePlan): Promise<BuiltRecord> {
  const { image, tree } = plan;
  const images: Record<string, ImageFile> = {
    "tftpboot/boot/linux": image.kernel,
    "tftpboot/boot/initrd": image.initrd,
    [`exports/${EXPORT}.squashfs`]: image.root,
  };
  const files: Record<string, FileRecord> = {};
  for (const [target, { source, record }] of Object.entries(images)) {
    await put(source, join(folder, target));
    files[target] = record;
  }
  for (const { source, target } of plan.hostFiles ?? HOST_FILES) {
    await put(source, join(folder, target));
    files[target] = await fileRecord(join(folder, target));
  }
  for (const [target, text] of Object.entries(textsOf(tree, plan.kernelParameters))) {
    await mkdir(dirname(join(folder, target)), { recursive: true });
    await writeFile(join(folder, target), text);
    files[target] = await fileRecord(join(folder, target));
  }
  const record: BuiltRecord = { format: 1, ...image.about, files };
  await writeFile(join(folder, RECORD), `${JSON.stringify(record, null, 2)}\n`);
  return record;
}

function textsOf(tree: string, kernelParameters: string): Record<string, string> {
  return {
    "tftpboot/pxelinux.cfg/default": pxelinuxConfig(kernelParameters),
    "nbd-server/config": nbdServerConfig(tree),
  };
}

/** A copy, which shares its blocks where the file system can: a person may write to the tree, never to the cache. */
async function put(source: string, target: string): Promise<void> {
  await mkdir(dirname(target), { recursive: true });
  await copyFile(source, target, constants.COPYFILE_FICLONE);
}

async function replace(
  fresh: string,
  tree: string,
  before: BuiltRecord,
  after: BuiltRecord,
): Promise<string[]> {
  const changed = await deviations(tree, before.files);
  const kept = changed.filter((path) => EDITABLE.includes(path) && existsSync(join(tree, path)));
  for (const path of Object.keys(after.files)) {
    if (kept.includes(path)) continue;
    await mkdir(dirname(join(tree, path)), { recursive: true });
    await rename(join(fresh, path), join(tree, path));
  }
  for (const path of Object.keys(before.files)) {
    if (!(path in after.files)) await rm(join(tree, path), { force: true });
  }
  // Last: until it is there, the tree counts as the old one and is brought up to date by the next run.
  await rename(join(fresh, RECORD), join(tree, RECORD));
  return kept;
}
