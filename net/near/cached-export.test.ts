import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ExportError } from "../export/export.ts";
import { BLOCK_BYTES } from "./boot-trace.ts";
import { CachedExport } from "./cached-export.ts";

const SIZE = 40 * BLOCK_BYTES + 1000;
const image = Uint8Array.from({ length: SIZE }, (_, index) => (index * 7 + (index >>> 12)) & 255);

interface Asked {
  readonly offset: number;
  readonly length: number;
  answer(): void;
  fail(): void;
}

/** An export that answers when the test says so, or at once. */
function source(atOnce: boolean) {
  const asked: Asked[] = [];
  const read = (offset: number, length: number) =>
    new Promise<Uint8Array>((resolve, reject) => {
      const answer = () => resolve(image.slice(offset, offset + length));
      asked.push({ offset, length, answer, fail: () => reject(new ExportError("EIO", "broken")) });
      if (atOnce) answer();
    });
  return { asked, read };
}

function setUp({ atOnce = true, maxBytes = 64 * 1024 * 1024, roundTripMs = 1 } = {}) {
  const back = source(atOnce);
  const ahead = source(atOnce);
  const blocks: number[] = [];
  let nowMs = 0;
  const cached = new CachedExport({
    back: { name: "kisroot", sizeBytes: SIZE, readOnly: true, description: "memory", read: back.read },
    ahead,
    sizeBytes: SIZE,
    clock: { now: () => (nowMs += roundTripMs) },
    asked: (block) => blocks.push(block),
    maxBytes,
  });
  return { cached, back: back.asked, ahead: ahead.asked, blocks };
}

const settled = () => new Promise((resolve) => setTimeout(resolve, 0));

describe("a cached export", () => {
  it("gives the bytes of the export, wherever a read begins and ends, also with room for two blocks only", async () => {
    const read = fc
      .tuple(fc.nat(SIZE - 1), fc.integer({ min: 1, max: 5 * BLOCK_BYTES }))
      .map(([offset, length]) => ({ offset, length: Math.min(length, SIZE - offset) }));
    await fc.assert(
      fc.asyncProperty(fc.array(read, { maxLength: 20 }), fc.boolean(), async (reads, small) => {
        const { cached } = setUp(small ? { maxBytes: 2 * BLOCK_BYTES, roundTripMs: 100 } : {});
        const answers = await Promise.all(reads.map(({ offset, length }) => cached.read(offset, length)));
        for (const [index, { offset, length }] of reads.entries()) {
          expect(Buffer.compare(answers[index]!, image.subarray(offset, offset + length))).toBe(0);
        }
        if (small) expect(cached.cachedBytes).toBeLessThanOrEqual(2 * BLOCK_BYTES);
      }),
      { numRuns: 40 },
    );
  });

  it("fetches a block once, however many wait for it, and not again when it is there", async () => {
    const { cached, back } = setUp({ atOnce: false });
    const reads = [cached.read(0, 10), cached.read(100, 10), cached.read(0, BLOCK_BYTES)];
    expect(back).toHaveLength(1);
    back[0]!.answer();
    expect(await Promise.all(reads)).toEqual([
      image.slice(0, 10),
      image.slice(100, 110),
      image.slice(0, BLOCK_BYTES),
    ]);
    await cached.read(5, 5);
    expect(back).toHaveLength(1);
    expect(cached.counters).toMatchObject({ misses: 1, coalesced: 2, hits: 1, fetchedBytes: BLOCK_BYTES });
  });

  it("passes an error on, and asks again the next time", async () => {
    const { cached, back } = setUp({ atOnce: false });
    const first = cached.read(0, 10);
    back[0]!.fail();
    await expect(first).rejects.toMatchObject({ code: "EIO" });
    const second = cached.read(0, 10);
    back[1]!.answer();
    expect(await second).toEqual(image.slice(0, 10));
  });

  it("refuses what is not in the export", async () => {
    const { cached, back } = setUp();
    for (const [offset, length] of [
      [-1, 1],
      [SIZE, 1],
      [0, 0],
      [Number.NaN, 1],
    ] as const) {
      await expect(cached.read(offset, length)).rejects.toMatchObject({ code: "EINVAL" });
    }
    expect(back).toEqual([]);
  });

  it("tells of each block once, in the order of asking", async () => {
    const { cached, blocks } = setUp();
    await cached.read(7 * BLOCK_BYTES, 2 * BLOCK_BYTES);
    await cached.read(0, 1);
    await cached.read(8 * BLOCK_BYTES, 1);
    expect(blocks).toEqual([7, 8, 0]);
  });
});

describe("reading ahead", () => {
  it("has a trace's blocks ready, some at a time, and neighbours of it in one read", async () => {
    const { cached, back, ahead } = setUp({ atOnce: false });
    cached.follow([3, 4, 5, 20, 10, 30, 35, 1_000_000]);
    expect(ahead.map(({ offset, length }) => [offset, length].map((bytes) => bytes / BLOCK_BYTES))).toEqual([
      [3, 3],
      [20, 1],
      [10, 1],
      [30, 1],
    ]);
    ahead[0]!.answer();
    await settled();
    expect(ahead).toHaveLength(5);
    const read = cached.read(3 * BLOCK_BYTES, 3 * BLOCK_BYTES);
    expect(await read).toEqual(image.slice(3 * BLOCK_BYTES, 6 * BLOCK_BYTES));
    expect(back).toEqual([]);
  });

  it("fetches what the guest waits for when reading it ahead has failed", async () => {
    const { cached, back, ahead } = setUp({ atOnce: false });
    cached.follow([3]);
    const read = cached.read(3 * BLOCK_BYTES, 10);
    expect(back).toEqual([]);
    ahead[0]!.fail();
    await settled();
    expect(back).toHaveLength(1);
    back[0]!.answer();
    expect(await read).toEqual(image.slice(3 * BLOCK_BYTES, 3 * BLOCK_BYTES + 10));
    expect(cached.counters.aheadFailures).toBe(1);
  });

  it("follows a reader that goes on where it left off, ever further", async () => {
    const { cached, ahead } = setUp();
    await cached.read(0, BLOCK_BYTES);
    await settled();
    expect(ahead).toEqual([]);
    await cached.read(BLOCK_BYTES, BLOCK_BYTES);
    await settled();
    expect(ahead.reduce((sum, { length }) => sum + length, 0)).toBe(4 * BLOCK_BYTES);
    await cached.read(2 * BLOCK_BYTES, 4 * BLOCK_BYTES);
    await settled();
    expect(ahead.reduce((sum, { length }) => sum + length, 0)).toBe(12 * BLOCK_BYTES);
  });

  it("takes the neighbours of what was missing along where the way is long, and only there", async () => {
    for (const [roundTripMs, neighbours] of [
      [1, 0],
      [50, 31],
    ] as const) {
      const { cached, ahead } = setUp({ roundTripMs });
      await cached.read(39 * BLOCK_BYTES, 1);
      await cached.read(5 * BLOCK_BYTES, 1);
      await settled();
      expect(ahead.reduce((sum, { length }) => sum + length, 0)).toBe(neighbours * BLOCK_BYTES);
    }
  });
});
