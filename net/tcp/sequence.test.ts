import fc from "fast-check";
import { expect, test } from "vitest";
import { advance, before, distance, later } from "./sequence.ts";

const sequence = fc.integer({ min: 0, max: 0xffffffff });
const step = fc.integer({ min: 1, max: 0x7fffffff });

test("order and distance hold across the wrap", () => {
  fc.assert(
    fc.property(sequence, step, (from, octets) => {
      const to = advance(from, octets);
      expect(to).toBe((from + octets) % 2 ** 32);
      expect([before(from, to), before(to, from), before(from, from)]).toEqual([true, false, false]);
      expect([distance(from, to), distance(to, from)]).toEqual([octets, -octets]);
      expect([later(from, to), later(to, from)]).toEqual([to, to]);
      expect(advance(to, -octets)).toBe(from);
    }),
  );
});
