import { type ChildProcess, execFile, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { startRelay } from "../../e2e/relay.ts";

const run = promisify(execFile);
const INITIATOR = fileURLToPath(new URL("initiator.py", import.meta.url));
/** An initiator that finds no target waits for one. */
const INITIATOR_WITHIN_MS = 60_000;
const TAP = "aoe0";
const VETH = { initiator: "aoe1", target: "aoe2" } as const;
const PLACE = "e0.1";

/** Which target answers an initiator that stands where. */
export type Contender = (typeof CONTENDERS)[number]["name"];

/** One reading of the whole image by `initiator.py`. */
export interface Reading {
  /** Megabytes (10^6 bytes) a second. */
  readonly megabytesPerSecond: number;
  /** Of what was read. */
  readonly sha256: string;
  /** In a frame. */
  readonly sectors: number;
  /** Requests that were sent again. */
  readonly again: number;
}

export interface Conditions {
  readonly tree: string;
  /** The image, inside the tree's `exports`. */
  readonly image: string;
  readonly mebibytes: number;
  readonly mtu: number;
}

/**
 * The first two stand where a guest does, at the relay, and read through the same tap's segment; the others stand beside the
 * relay: on the tap's interface, and on a veth pair with nothing of ours between them.
 */
export const CONTENDERS = [
  { name: "guest's place, our target", read: (conditions: Conditions) => atRelay(conditions, false) },
  { name: "guest's place, vblade on the tap", read: (conditions: Conditions) => atRelay(conditions, true) },
  { name: "on the tap, our target", read: onTap },
  { name: "on a veth pair, vblade", read: onVeth },
] as const;

/** A copy of the tree, as links, whose `netroot.toml` is ours to write. */
export async function copyTree(original: string): Promise<{ tree: string; close(): Promise<void> }> {
  const folder = await mkdtemp(join(tmpdir(), "netroot-bench-aoe-"));
  const tree = join(folder, "tree");
  await run("cp", ["-alT", original, tree]).catch(() => run("cp", ["-aT", original, tree]));
  await rm(join(tree, "netroot.toml"), { force: true });
  return { tree, close: () => rm(folder, { recursive: true, force: true }) };
}

async function atRelay(conditions: Conditions, vblade: boolean): Promise<Reading> {
  const socket = join(conditions.tree, "net.sock");
  return withRelay(conditions, vblade, socket, () => read(socket, conditions));
}

async function onTap(conditions: Conditions): Promise<Reading> {
  return withRelay(conditions, false, join(conditions.tree, "net.sock"), () => read(TAP, conditions));
}

async function withRelay<T>(
  { tree, image, mtu }: Conditions,
  vblade: boolean,
  socket: string,
  use: () => Promise<T>,
): Promise<T> {
  const segment = `[listen]\nsocket = "${socket}"\n[segment]\nmode = "shared"\nmtu = ${mtu}\n[uplink]\ntap = "${TAP}"\n`;
  const root = `[[export]]\nname = "kisroot"\nimage = "exports/${image}"\naoe = "${PLACE}"\nvblade = ${vblade}\n`;
  await writeFile(join(tree, "netroot.toml"), segment + root);
  const relay = await startRelay(tree);
  try {
    return await use();
  } finally {
    await relay.stop();
  }
}

async function onVeth(conditions: Conditions): Promise<Reading> {
  const { tree, image, mtu } = conditions;
  const ip = (...args: string[]) => execFileSync("ip", args);
  ip("link", "add", VETH.initiator, "type", "veth", "peer", "name", VETH.target);
  for (const one of Object.values(VETH)) ip("link", "set", one, "mtu", String(mtu), "up");
  const vblade = spawn("vblade", ["-r", "0", "1", VETH.target, join(tree, "exports", image)], {
    stdio: "ignore",
  });
  try {
    return await read(VETH.initiator, conditions);
  } finally {
    await end(vblade);
    ip("link", "delete", VETH.initiator);
  }
}

/** The second of two readings: by then the relay has compiled what serves it, and the kernel has the image in memory. */
async function read(where: string, conditions: Conditions): Promise<Reading> {
  await readOnce(where, conditions);
  return readOnce(where, conditions);
}

async function readOnce(where: string, { mebibytes }: Conditions): Promise<Reading> {
  const { stdout } = await run("python3", [INITIATOR, where, "0", "1", String(mebibytes)], {
    timeout: INITIATOR_WITHIN_MS,
  });
  const { bytes, seconds, ...rest } = JSON.parse(stdout) as { bytes: number; seconds: number } & Omit<
    Reading,
    "megabytesPerSecond"
  >;
  return { megabytesPerSecond: bytes / seconds / 1e6, ...rest };
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill("SIGTERM");
  await Promise.race([once(child, "exit"), sleep(INITIATOR_WITHIN_MS, undefined, { ref: false })]);
}
