import { constants } from "node:fs";
import { access, mkdir, stat, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { SmokeError } from "../errors.ts";
import type { Artefacts } from "../plan.ts";
import type { Verdict } from "./case-report.ts";

/** Whether what was gathered is wanted after this verdict. */
export function isKept({ keep }: Artefacts, verdict: Verdict): boolean {
  return keep === "always" || (keep !== "never" && (keep === "passing") === (verdict === "passed"));
}

/** Where the content of each comes from; undefined where there is none. */
export type ArtefactSources = Readonly<
  Record<Exclude<keyof Artefacts, "keep">, () => Promise<Uint8Array | undefined>>
>;

/** Writes what was gathered beside the report; resolves with the paths. */
export async function writeArtefacts(
  artefacts: Artefacts,
  verdict: Verdict,
  sources: ArtefactSources,
): Promise<string[]> {
  if (!isKept(artefacts, verdict)) return [];
  const written: string[] = [];
  for (const kind of ["serialLog", "screenshot", "pcap"] as const) {
    const path = artefacts[kind];
    const content = path === undefined ? undefined : await sources[kind]();
    if (path === undefined || content === undefined) continue;
    await writeOutput(path, content);
    written.push(path);
  }
  return written;
}

/** Rejects with a `SmokeError` where a file that is asked for could not be written: before a boot, and not after it. */
export async function requireWritable(path: string): Promise<void> {
  try {
    await mkdir(dirname(path), { recursive: true });
    await access(dirname(path), constants.W_OK);
    if ((await stat(path).catch(() => undefined))?.isDirectory())
      throw new SmokeError("usage", `${path} is a folder: name a file in it.`);
  } catch (cause) {
    if (cause instanceof SmokeError) throw cause;
    throw new SmokeError("usage", `${path} cannot be written: ${(cause as Error).message}.`, { cause });
  }
}

/** Writes a file that was asked for, with the folders above it. Rejects with a `SmokeError`. */
export async function writeOutput(path: string, content: Uint8Array | string): Promise<void> {
  try {
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, content);
  } catch (cause) {
    throw new SmokeError("infrastructure", `${path} cannot be written: ${(cause as Error).message}.`, {
      cause,
    });
  }
}
