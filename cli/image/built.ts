import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";

/** What built.json of a tree and of a cache entry says. */
export interface BuiltRecord {
  readonly format: 1;
  readonly description: string;
  /** Over everything that went into the image: see key.ts. */
  readonly key: string;
  readonly versions: Readonly<Record<string, string>>;
  /** By path within the folder that the record lies in. */
  readonly files: Readonly<Record<string, FileRecord>>;
}

export interface FileRecord {
  readonly sizeBytes: number;
  readonly sha256: string;
}

export const RECORD = "built.json";

/** The record in a folder; undefined where there is none or it cannot be read as one. */
export async function readRecord(folder: string): Promise<BuiltRecord | undefined> {
  let parsed: unknown;
  try {
    parsed = JSON.parse(await readFile(join(folder, RECORD), "utf8"));
  } catch {
    return undefined;
  }
  return isRecord(parsed) ? parsed : undefined;
}

export async function fileRecord(path: string): Promise<FileRecord> {
  const hash = createHash("sha256");
  let sizeBytes = 0;
  for await (const chunk of createReadStream(path, { highWaterMark: 1 << 20 })) {
    hash.update(chunk as Buffer);
    sizeBytes += (chunk as Buffer).length;
  }
  return { sizeBytes, sha256: hash.digest("hex") };
}

/** The paths whose file is missing or is not what the record says. */
export async function deviations(folder: string, files: BuiltRecord["files"]): Promise<string[]> {
  const wrong: string[] = [];
  for (const [path, expected] of Object.entries(files)) {
    const file = join(folder, path);
    const found = await stat(file).catch(() => undefined);
    // The size is read first: it tells most truncated files apart without hashing a hundred megabytes.
    const same = found?.size === expected.sizeBytes && (await fileRecord(file)).sha256 === expected.sha256;
    if (!same) wrong.push(path);
  }
  return wrong;
}

function isRecord(value: unknown): value is BuiltRecord {
  if (!isObject(value) || value.format !== 1) return false;
  if (typeof value.description !== "string" || typeof value.key !== "string") return false;
  if (!isObject(value.versions) || !isObject(value.files)) return false;
  return Object.values(value.files).every(
    (file) => isObject(file) && typeof file.sizeBytes === "number" && typeof file.sha256 === "string",
  );
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
