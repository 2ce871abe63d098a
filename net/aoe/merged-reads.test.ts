import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Export, ExportError } from "../export/export.ts";
import { MergedReads } from "./merged-reads.ts";

const SIZE = 1 << 20;
const image = Uint8Array.from({ length: SIZE }, (_, at) => (at * 7 + (at >>> 8)) & 255);

/** An export in memory that notes what it is asked, and cannot read the byte at `bad`. */
function memory(bad = -1) {
  const asked: (readonly [offset: number, length: number])[] = [];
  const back: Export = {
    name: "kisroot",
    sizeBytes: SIZE,
    readOnly: true,
    description: "memory",
    async read(offset, length) {
      asked.push([offset, length]);
      if (offset <= bad && bad < offset + length) throw new ExportError("EIO", "broken");
      return image.slice(offset, offset + length);
    },
  };
  return { asked, reads: new MergedReads(back) };
}

describe("reads that are asked at once", () => {
  it("are one where they lie side by side, in any order, and others where they do not", async () => {
    const { asked, reads } = memory();
    const all = [2048, 0, 1024, 8192, 9216, 512].map((offset) => reads.read(offset, 1024));
    for (const [index, offset] of [2048, 0, 1024, 8192, 9216, 512].entries()) {
      expect(await all[index]).toEqual(image.slice(offset, offset + 1024));
    }
    expect(asked).toEqual([
      [0, 3072],
      [8192, 2048],
    ]);
    await reads.read(3072, 512);
    expect(asked).toHaveLength(3);
  });

  it("are not more than 128 KiB together", async () => {
    const { asked, reads } = memory();
    await Promise.all(Array.from({ length: 60 }, (_, index) => reads.read(index * 8704, 8704)));
    expect(Math.max(...asked.map(([, length]) => length))).toBe(15 * 8704);
    expect(asked.map(([, length]) => length).reduce((sum, length) => sum + length)).toBe(60 * 8704);
  });

  it("fail alone", async () => {
    const { reads } = memory(1500);
    const results = await Promise.allSettled([0, 1024, 2048].map((offset) => reads.read(offset, 1024)));
    expect(results.map(({ status }) => status)).toEqual(["fulfilled", "rejected", "fulfilled"]);
    expect(results[1]).toMatchObject({ reason: { code: "EIO" } });
  });

  it("each get their bytes, whatever they are", async () => {
    const read = fc.tuple(fc.nat(SIZE - 70_000), fc.integer({ min: 1, max: 70_000 }));
    await fc.assert(
      fc.asyncProperty(fc.array(read, { minLength: 1, maxLength: 12 }), async (wanted) => {
        const { reads } = memory();
        const got = await Promise.all(wanted.map(([offset, length]) => reads.read(offset, length)));
        for (const [index, [offset, length]] of wanted.entries()) {
          expect(Buffer.compare(got[index]!, image.subarray(offset, offset + length))).toBe(0);
        }
      }),
    );
  });
});
