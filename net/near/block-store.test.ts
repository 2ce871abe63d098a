import fc from "fast-check";
import { expect, it } from "vitest";
import { BlockStore } from "./block-store.ts";

it("holds no more than it may, and lets go of what was used longest ago", () => {
  const store = new BlockStore(300);
  for (const block of [1, 2, 3]) store.put(block, new Uint8Array(100).fill(block));
  store.get(1);
  store.put(4, new Uint8Array(100));
  expect([1, 2, 3, 4].map((block) => store.has(block))).toEqual([true, false, true, true]);
  expect([store.bytes, store.evictions]).toEqual([300, 1]);
});

it("never holds more than it may, and knows how much it holds", () => {
  const step = fc.record({ block: fc.nat(20), length: fc.nat(120) });
  fc.assert(
    fc.property(fc.array(step), (steps) => {
      const store = new BlockStore(250);
      for (const { block, length } of steps) {
        store.put(block, new Uint8Array(length));
        expect(store.bytes).toBeLessThanOrEqual(250);
      }
      const held = Array.from({ length: 21 }, (_, block) => store.get(block)?.length ?? 0);
      expect(store.bytes).toBe(held.reduce((sum, length) => sum + length, 0));
      store.clear();
      expect(store.bytes).toBe(0);
    }),
  );
});
