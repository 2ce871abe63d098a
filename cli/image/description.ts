import { existsSync } from "node:fs";
import { chmod, copyFile, mkdir, readdir, readFile, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { ImageError } from "./errors.ts";

/** A kiwi description of ours: the files of kis/common, and over them those of its own folder. */
export interface Description {
  readonly name: string;
  /** By their path within the merged description, sorted. */
  readonly files: readonly DescriptionFile[];
  /** The kernel parameters of the image's boot entry: `kernelcmdline` of config.xml. */
  readonly kernelParameters: string;
}

export interface DescriptionFile {
  readonly path: string;
  readonly source: string;
  readonly executable: boolean;
}

const COMMON = "common";

export async function listDescriptions(kis: string): Promise<string[]> {
  const entries = await readdir(kis, { withFileTypes: true });
  return entries
    .filter((entry) => entry.isDirectory() && existsSync(join(kis, entry.name, "config.xml")))
    .map((entry) => entry.name)
    .sort();
}

export async function readDescription(kis: string, name: string): Promise<Description> {
  const known = await listDescriptions(kis);
  if (!known.includes(name)) {
    throw new ImageError(
      "unknown-description",
      `There is no image description "${name}"; there are: ${known.join(", ")}.`,
    );
  }
  const merged = new Map<string, DescriptionFile>();
  for (const folder of [COMMON, name]) {
    for (const file of await filesUnder(join(kis, folder))) merged.set(file.path, file);
  }
  const files = [...merged.values()].sort((a, b) => (a.path < b.path ? -1 : 1));
  const config = await readFile(join(kis, name, "config.xml"), "utf8");
  return { name, files, kernelParameters: kernelParametersOf(config) };
}

/** Writes the merged description where kiwi reads it. Modes are ours: a strict umask must not reach the image's root. */
export async function stageDescription(description: Description, folder: string): Promise<void> {
  for (const file of description.files) {
    const target = join(folder, file.path);
    await mkdir(dirname(target), { recursive: true });
    await copyFile(file.source, target);
    await chmod(target, file.executable ? 0o755 : 0o644);
    for (let parent = dirname(target); parent.length >= folder.length; parent = dirname(parent)) {
      await chmod(parent, 0o755);
    }
  }
}

export function kernelParametersOf(configXml: string): string {
  const attribute = /\bkernelcmdline="([^"]*)"/.exec(configXml);
  return (attribute?.[1] ?? "")
    .replaceAll("&lt;", "<")
    .replaceAll("&gt;", ">")
    .replaceAll("&quot;", '"')
    .replaceAll("&amp;", "&")
    .trim();
}

async function filesUnder(folder: string): Promise<DescriptionFile[]> {
  if (!existsSync(folder)) return [];
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files: DescriptionFile[] = [];
  for (const entry of entries) {
    if (!entry.isFile()) continue;
    const source = join(entry.parentPath, entry.name);
    const { mode } = await stat(source);
    files.push({ path: source.slice(folder.length + 1), source, executable: (mode & 0o100) !== 0 });
  }
  return files;
}
