import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { startRelay } from "../../e2e/relay.ts";
import { measureThroughput, type Throughput } from "../throughput.ts";

/** The entries of a built tree, by the protocol that their root comes over. */
export const ENTRIES = { nbd: "Overlay-Boot", aoe: "Overlay-Boot-AoE" } as const;
export type Protocol = keyof typeof ENTRIES;

/** Boots an entry under Node at an MTU of the segment, and reads its root: the same nbd-server is behind both protocols. */
export async function readInGuest(tree: string, protocol: Protocol, mtu: number): Promise<Throughput> {
  await writeFile(join(tree, "netroot.toml"), `[segment]\nmtu = ${mtu}\n`);
  const relay = await startRelay(tree);
  try {
    const query = `label=${ENTRIES[protocol]}&checkpoint=off`;
    return await measureThroughput({ relay: relay.url, tree, engine: "node", query });
  } finally {
    await relay.stop();
  }
}
