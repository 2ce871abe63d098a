import fc from "fast-check";
import { expect, test } from "vitest";
import { BlockMap } from "./block-map.ts";

test("a read colours the runs that it touches, and counts what is new", () => {
  const map = new BlockMap(1024 * 4096);
  expect(map.cellBytes).toBe(4096);
  map.read(4096, 8192, 10);
  map.read(8192, 4096, 20);
  expect(map.cells.slice(0, 4)).toEqual([
    undefined,
    { reads: 1, firstMs: 10, lastMs: 10 },
    { reads: 2, firstMs: 10, lastMs: 20 },
    undefined,
  ]);
  expect(map.readBytes).toBe(8192);
});

test("whatever is read, and of whatever size: as many bytes as were read at least once", () => {
  const reads = fc.array(fc.tuple(fc.nat({ max: 400 }), fc.integer({ min: 1, max: 64 })), { maxLength: 20 });
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 300 }), reads, (sizeSectors, list) => {
      const map = new BlockMap(sizeSectors * 512);
      const read = new Set<number>();
      for (const [first, count] of list) {
        map.read(first * 512, count * 512, 0);
        for (let sector = first; sector < Math.min(first + count, sizeSectors); sector += 1) read.add(sector);
      }
      expect(map.readBytes).toBe(read.size * 512);
      expect(map.cells.length).toBeLessThanOrEqual(1024);
    }),
  );
});

test("an image of many terabytes has a map, too", () => {
  const map = new BlockMap(64 * 2 ** 40);
  map.read(2 ** 40, 4096, 1);
  expect(map.cells.filter((cell) => cell !== undefined).length).toBe(1);
  expect(map.readBytes).toBeGreaterThan(0);
});
