import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import type { Milestone } from "../worker/interface.ts";

export interface NodeBoot {
  readonly relay: string;
  readonly append: string;
  readonly memoryMiB: number;
  readonly signal: AbortSignal;
}

/** A boot in v86 under Node, in a process of its own. */
export async function bootInNode({
  relay,
  append,
  memoryMiB,
  signal,
}: NodeBoot): Promise<readonly Milestone[]> {
  const script = fileURLToPath(new URL("node-boot.ts", import.meta.url));
  const args = ["--import", "tsx", script, relay, append, String(memoryMiB)];
  const { stdout } = await promisify(execFile)(process.execPath, args, { signal });
  return JSON.parse(stdout) as readonly Milestone[];
}
