import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

export interface Started {
  /** For `guests.ts`. */
  readonly where: string;
  /** The process whose work is counted, with all below it; none where the guests speak to nbd-server themselves. */
  readonly pid: number | undefined;
  stop(): Promise<void>;
}

export interface Contender {
  /** `relay-v1`: to a client that takes no large segments, as passt's are. */
  readonly name: "relay" | "relay-v1" | "passt" | "direct";
  start(options: { readonly mtu: number; readonly nbdPort: number }): Promise<Started>;
}

const path = (name: string) => fileURLToPath(new URL(name, import.meta.url));

/** `netroot serve` with its defaults, in front of the nbd-server. */
const relay = (name: "relay" | "relay-v1"): Contender => ({
  name,
  async start({ mtu, nbdPort }) {
    const tree = await mkdtemp(join(tmpdir(), "netroot-bench-tree-"));
    await mkdir(join(tree, "tftpboot"));
    const served = `[[export]]\nname = "kisroot"\nserver = "nbd://127.0.0.1:${nbdPort}/kisroot"\n`;
    await writeFile(join(tree, "netroot.toml"), `[segment]\nmtu = ${mtu}\n${served}`);
    const child = start([path("../../bin/netroot.mjs"), "serve", tree, "--port", "0"]);
    const url = new URL(await firstLine(child));
    return {
      where: `ws://${url.host}/wire`,
      pid: child.pid,
      stop: async () => {
        await end(child);
        await rm(tree, { recursive: true });
      },
    };
  },
});

/** One passt a client, behind a WebSocket server that passes frames on. */
const passt: Contender = {
  name: "passt",
  async start({ mtu }) {
    const child = start(["--import", "tsx", path("passt-bridge.ts"), `${mtu}`]);
    const port = await firstLine(child);
    return { where: `ws://127.0.0.1:${port}/wire`, pid: child.pid, stop: () => end(child) };
  },
};

/** No relay at all: what nbd-server and the guests can do. */
const direct: Contender = {
  name: "direct",
  start: async ({ nbdPort }) => ({
    where: `tcp://127.0.0.1:${nbdPort}`,
    pid: undefined,
    stop: async () => {},
  }),
};

export const CONTENDERS: readonly Contender[] = [relay("relay"), relay("relay-v1"), passt, direct];

function start(args: readonly string[]): ChildProcess {
  return spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] });
}

async function firstLine(child: ChildProcess): Promise<string> {
  for await (const line of createInterface({ input: child.stdout! })) return line.trim();
  throw new Error("A contender ended before it served.");
}

async function end(child: ChildProcess): Promise<void> {
  child.kill("SIGTERM");
  await once(child, "exit");
}
