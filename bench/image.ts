import { startRelay } from "../e2e/relay.ts";
import type { Milestone } from "../worker/interface.ts";
import { shareRoot } from "./boot-tree.ts";
import { BOOT, type Boot, CHECKPOINT, STOCK, STOCK_TUNED } from "./boots.ts";
import { ChromiumProfile } from "./chromium.ts";
import { type DelayProxy, startDelayProxy } from "./delay-proxy.ts";
import { bootParameters } from "./parameters.ts";
import type { Column } from "./plan.ts";
import { STOCK_APPEND } from "./stock-initrd.ts";
import { measureThroughput, type Throughput } from "./throughput.ts";
import { holdLock, inTurns, type Results, type Turns } from "./turns.ts";

const MEMORY_MIB = 512;

export interface Image {
  /** Its boot tree. */
  readonly tree: string;
  /** Of the columns with the stock initrd, where they are there. */
  readonly stockInitrd?: string | undefined;
}

/** Reads the root of one image in its guest, in one engine after the other. */
export async function readImage(
  tree: string,
  engines: readonly ("node" | "chromium")[],
  query: string,
  turns: Omit<Turns, "runs">,
): Promise<Record<string, Throughput>> {
  const root = await shareRoot(tree);
  const relay = await startRelay(root.tree);
  const cold = bootParameters({ memoryMiB: MEMORY_MIB, query }, "off").toString();
  const result: Record<string, Throughput> = {};
  try {
    for (const engine of engines) {
      const unlock = await holdLock(turns.lock);
      try {
        turns.say(`${engine} … `);
        const read = await measureThroughput({ relay: relay.url, tree: root.tree, engine, query: cold });
        turns.say(`${read.coldMBps.toFixed(1)} MB/s cold, ${read.warmMBps.toFixed(1)} MB/s warm\n`);
        result[engine] = read;
      } finally {
        await unlock();
      }
    }
    return result;
  } finally {
    await relay.stop();
    await root.close();
  }
}

/** Boots one image in turns, all from one nbd-server. */
export async function bootImage(image: Image, columns: readonly Column[], turns: Turns): Promise<Results> {
  const root = await shareRoot(image.tree);
  const relay = await startRelay(root.tree);
  const returning = new ChromiumProfile();
  const links = new Map<number, DelayProxy>();
  try {
    for (const { roundTripMs = 0 } of columns)
      if (roundTripMs > 0) links.set(roundTripMs, await startDelayProxy(relay.port, roundTripMs));
    const boot = async (column: Column, signal: AbortSignal): Promise<readonly Milestone[]> => {
      const { kind, query, roundTripMs = 0 } = column;
      const url = links.get(roundTripMs)?.url ?? relay.url;
      const usual: Boot = { ...root, relay: url, memoryMiB: MEMORY_MIB, query, signal };
      const stock = { ...usual, initrd: image.stockInitrd ?? usual.initrd };
      if (kind === STOCK) return BOOT.qemu({ ...stock, append: STOCK_APPEND });
      if (kind === STOCK_TUNED) return BOOT.qemu(stock);
      return kind === CHECKPOINT ? returning.bootFromCheckpoint(usual) : BOOT[kind](usual);
    };
    return await inTurns(
      columns.map((column) => ({ name: column.name, boot: (signal) => boot(column, signal) })),
      turns,
    );
  } finally {
    await returning.close();
    for (const link of links.values()) await link.close();
    await relay.stop();
    await root.close();
  }
}
