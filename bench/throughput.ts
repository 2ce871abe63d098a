// How fast the guest reads its root over the network, past its own cache: `node --import tsx bench/throughput.ts [TREE] [QUERY]`.
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { chromium, type Page } from "@playwright/test";
import { entrySettings } from "../cli/engine/entry-settings.ts";
import { runMachine } from "../cli/engine/run-machine.ts";
import { CHROMIUM } from "../e2e/chromium.ts";
import { ConsoleOf } from "../e2e/machine.ts";
import type { RelayStatus } from "../net/status/status.ts";
import { silentLogger } from "../relay/log.ts";
import { startRelay } from "../relay/serve.ts";
import { lineOf } from "../src/boot/asked-line.ts";
import { parsePageUrl } from "../src/page-url.ts";

/** Megabytes (10^6 bytes) a second. */
export interface Throughput {
  /** The first read of the device: the emulator has compiled nothing of what reads it. */
  readonly coldMBps: number;
  /** The same amount elsewhere on the device, later. */
  readonly warmMBps: number;
}

export interface ThroughputOptions {
  /** The relay's page: `http://127.0.0.1:8086/`. */
  readonly relay: string;
  /** The boot tree, for its menu: a machine under Node reads it there. */
  readonly tree: string;
  readonly engine: "node" | "chromium";
  /** Parameters of the page's address, such as `near=off`. */
  readonly query: string;
}

const MEGABYTES = 20;
/** The device under the overlay, by NBD or AoE. */
const ROOT = "$(findmnt -n -o SOURCE /run/overlay/rootfsbase)";
/** Direct reads in the largest requests that the kernel makes: no cache of the guest's, no read-ahead of the kernel's. */
const readAt = (atMiB: number) =>
  `dd if=${ROOT} of=/dev/null bs=1M iflag=direct count=${MEGABYTES} skip=${atMiB} 2>&1 | tail -n 1`;

/** Boots, and reads 20 MiB of the root four times: the first is cold, the best of the others is warm. */
export async function measureThroughput(options: ThroughputOptions): Promise<Throughput> {
  return options.engine === "node" ? inNode(options) : inChromium(options);
}

async function measure(run: (command: string) => Promise<string>): Promise<Throughput> {
  const rates: number[] = [];
  // The second half of a light image, then all of it again: what the tab has by then it does not fetch.
  for (const atMiB of [20, 0, 20, 0]) rates.push(rateOf(await run(readAt(atMiB))));
  return { coldMBps: rates[0]!, warmMBps: Math.max(...rates.slice(1)) };
}

/** What dd says at the end: "20971520 bytes (21 MB, 20 MiB) copied, 1.5 s, 14.0 MB/s". */
export function rateOf(said: string): number {
  const match = /(\d+) bytes .*copied, ([\d.e+-]+) s/.exec(said);
  if (match === null) throw new Error(`dd did not say how fast it was: ${said}`);
  return Number(match[1]) / Number(match[2]) / 1e6;
}

async function inNode({ relay, tree, query }: ThroughputOptions): Promise<Throughput> {
  const {
    label,
    append,
    cmdline,
    tab: _,
    autostart: __,
    relay: ___,
    rejected: ____,
    ...asked
  } = parsePageUrl(query);
  const { mtu } = (await (await fetch(new URL("status", relay))).json()) as RelayStatus;
  const menu = await readFile(join(tree, "tftpboot/pxelinux.cfg/default"), "utf8");
  const running = await runMachine({
    settings: {
      ...entrySettings({
        relayUrl: relay,
        menu,
        mtu,
        append: (own) => lineOf(own, { append, ...(cmdline === undefined ? {} : { cmdline }) }, false),
        ...(label === undefined ? {} : { label }),
      }),
      ...asked,
    },
  });
  try {
    await running.reached("login");
    return await measure(async (command) => (await running.console.run(command)).output);
  } finally {
    await running.close();
  }
}

async function inChromium({ relay, query }: ThroughputOptions): Promise<Throughput> {
  const browser = await chromium.launch(CHROMIUM);
  try {
    const page: Page = await browser.newPage();
    await page.goto(new URL(`?autostart=1&${query}`, relay).href);
    const console = new ConsoleOf(page);
    await console.reaches("login");
    return await measure((command) => console.run(command));
  } finally {
    await browser.close();
  }
}

if (process.argv[1]?.endsWith("throughput.ts")) {
  const [tree = ".netroot", engine = "chromium", query = ""] = process.argv.slice(2);
  if (engine !== "node" && engine !== "chromium") throw new Error(`There is no engine ${engine}.`);
  const relay = await startRelay({ tree, listen: { port: 0 }, logger: silentLogger });
  const result = await measureThroughput({ relay: relay.url, tree, engine, query });
  process.stdout.write(`${JSON.stringify({ engine, query, ...result })}\n`);
  await relay.close();
}
