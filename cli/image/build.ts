import { copyFile, mkdir, mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { requireHostFiles } from "./boot-files.ts";
import { type BuiltRecord, type FileRecord, fileRecord } from "./built.ts";
import { addEntry, type CacheEntry, defaultCacheDir, ENTRY, entryImage, findEntry } from "./cache.ts";
import { type Description, readDescription, stageDescription } from "./description.ts";
import { aptMirror } from "./host.ts";
import { cacheKey } from "./key.ts";
import { runKiwi, toolVersions } from "./kiwi.ts";
import { withLock } from "./lock.ts";
import type { BuildProgress } from "./progress.ts";
import { packageVersion, readPackages, requireKis } from "./result.ts";
import { isUpToDate, layOutTree } from "./tree.ts";

export const DEFAULT_DESCRIPTION = "debian-bookworm";

export interface BuildOptions {
  /** The name of a folder of kis/; debian-bookworm unless given. */
  readonly description?: string;
  /** The folder of the boot tree. */
  readonly tree: string;
  /** Where finished images are kept; the user's cache folder unless given. */
  readonly cacheDir?: string;
  /** Builds even where the cache has the image. */
  readonly force?: boolean;
  readonly onProgress?: (progress: BuildProgress) => void;
  /** One line for a person, now and then. */
  readonly onTalk?: (line: string) => void;
  readonly signal?: AbortSignal;
}

export interface BuiltTree {
  readonly tree: string;
  readonly description: string;
  readonly key: string;
  /** Where the image came from: this run of kiwi, the cache, the tree itself, which was up to date, or a kiwi result. */
  readonly origin: "kiwi" | "cache" | "tree" | "import";
  readonly record: BuiltRecord;
  readonly kept: readonly string[];
}

const HERE = dirname(fileURLToPath(import.meta.url));
const KIS = resolve(HERE, "../../kis");
const RUNNER = join(HERE, "run-kiwi.sh");

/** Makes `tree` a boot tree with the described image, by way of kiwi where the cache has no such image yet. */
export async function buildImage(options: BuildOptions): Promise<BuiltTree> {
  const { onTalk = () => {}, signal } = options;
  const tree = resolve(options.tree);
  const cacheDir = resolve(options.cacheDir ?? defaultCacheDir());
  const description = await readDescription(KIS, options.description ?? DEFAULT_DESCRIPTION);
  const { kernelParameters } = description;
  requireHostFiles();
  const tools = toolVersions();
  const mirror = aptMirror();
  const key = cacheKey({
    description: description.name,
    files: await Promise.all(
      description.files.map(async (file) => ({ ...file, content: await readFile(file.source) })),
    ),
    runner: await readFile(RUNNER),
    tools,
    inRelease: await readFile(mirror.inRelease),
  });
  const done = { tree, description: description.name, key };

  if (!options.force) {
    const record = await isUpToDate({ tree, kernelParameters }, key);
    if (record !== undefined) return { ...done, origin: "tree", record, kept: [] };
  }
  const lock = join(cacheDir, "images", `.${description.name}-${key}.lock`);
  const onWait = (holder: number) => onTalk(`process ${holder} is building the same image: waiting for it`);
  const built = await withLock(lock, { onWait, ...(signal ? { signal } : {}) }, async () => {
    const found = options.force ? undefined : await findEntry(cacheDir, description.name, key);
    if (found !== undefined) return { origin: "cache" as const, entry: found };
    const build = { ...options, cacheDir, description, key, tools, mirrorUri: mirror.uri };
    return { origin: "kiwi" as const, entry: await buildEntry(build) };
  });
  signal?.throwIfAborted();
  const laidOut = await layOutTree({
    tree,
    image: entryImage(built.entry),
    kernelParameters,
  });
  return { ...done, origin: built.origin, ...laidOut };
}

interface EntryBuild {
  readonly cacheDir: string;
  readonly description: Description;
  readonly key: string;
  readonly tools: Readonly<Record<string, string>>;
  readonly mirrorUri: string;
  readonly onProgress?: (progress: BuildProgress) => void;
  readonly onTalk?: (line: string) => void;
  readonly signal?: AbortSignal;
}

async function buildEntry(build: EntryBuild): Promise<CacheEntry> {
  const { cacheDir, description, key } = build;
  const logs = join(cacheDir, "logs");
  await mkdir(logs, { recursive: true });
  const log = join(logs, `${description.name}.log`);
  build.onTalk?.(`building ${description.name} with kiwi-ng, which takes some minutes; its log is ${log}`);

  const work = await mkdtemp(join(tmpdir(), "netroot-image-"));
  try {
    const staged = join(work, "description");
    const results = join(work, "results");
    await stageDescription(description, staged);
    await mkdir(results);
    await runKiwi({
      runner: RUNNER,
      description: staged,
      target: results,
      mirrorUri: build.mirrorUri,
      log,
      ...(build.onProgress ? { onProgress: build.onProgress } : {}),
      ...(build.signal ? { signal: build.signal } : {}),
    });
    return await addEntry(cacheDir, description.name, key, async (folder) => {
      const result = await requireKis(results);
      const packages = await readPackages(results, result);
      const files: Record<string, FileRecord> = {};
      const take = async (source: string, name: string) => {
        await copyFile(join(results, source), join(folder, name));
        files[name] = await fileRecord(join(folder, name));
      };
      await take(result.kernel, ENTRY.kernel);
      await take(result.initrd, ENTRY.initrd);
      await take(result.root, ENTRY.root);
      const versions = {
        ...build.tools,
        kernel: result.kernelVersion,
        dracut: packageVersion(packages, "dracut") ?? "unknown",
        "kiwi-dracut-overlay": packageVersion(packages, "kiwi-dracut-overlay") ?? "unknown",
        "nbd-client": packageVersion(packages, "nbd-client") ?? "unknown",
      };
      return { format: 1, description: description.name, key, versions, files };
    });
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}
