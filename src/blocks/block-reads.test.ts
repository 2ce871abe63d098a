import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { parseCapture } from "../../net/pcapng/read.ts";
import { squashfsParts } from "../../net/squashfs/superblock.ts";
import { BlockReads } from "./block-reads.ts";

/** Frames of a real boot, from its beginning. */
async function readsOf(name: string): Promise<BlockReads> {
  const file = fileURLToPath(new URL(`../../cli/dissect-tests/captures/${name}.pcapng`, import.meta.url));
  const packets = parseCapture(await readFile(file))!;
  const reads = new BlockReads();
  for (const { bytes, epochMs, direction } of packets)
    reads.observe({ bytes, direction, timeMs: epochMs - packets[0]!.epochMs });
  return reads;
}

const sum = (bins: readonly { readonly count: number }[]) => bins.reduce((all, { count }) => all + count, 0);

test.each(["nbd-boot", "aoe-boot"])(
  "what a guest reads of its root is told from its frames: %s",
  async (name) => {
    const { map, superblock, requests, sizes, latencies } = await readsOf(name);
    expect(map).toBeDefined();
    expect(requests).toBeGreaterThan(5);
    expect(sum(sizes.bins)).toBe(requests);
    expect(sum(latencies.bins)).toBe(requests);
    expect(map!.cells[0]).toMatchObject({ reads: expect.any(Number) });
    expect(map!.readBytes).toBeGreaterThan(4096);
    expect(map!.readBytes).toBeLessThan(map!.sizeBytes / 10);
    // The squashfs image fills the device but for its padding.
    expect(superblock!.bytesUsed).toBeGreaterThan(map!.sizeBytes - 8192);
    expect(superblock!.bytesUsed).toBeLessThanOrEqual(map!.sizeBytes);
    expect(squashfsParts(superblock!, 0, 512)).toEqual(["superblock", "files' contents"]);
  },
);
