import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Reassembly } from "./reassembly.ts";
import { advance } from "./sequence.ts";

/** Octet `n` of the stream under test. */
const octet = (n: number) => (n * 37) & 0xff;
const piece = (from: number, to: number) => Uint8Array.from({ length: to - from }, (_, n) => octet(from + n));

describe("Reassembly", () => {
  test("gives back every octet once and in order, whatever overlaps and wherever the sequence wraps", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 0xffffffff }),
        fc.array(fc.tuple(fc.nat(120), fc.integer({ min: 1, max: 40 })), { maxLength: 30 }),
        (base, arrivals) => {
          const reassembly = new Reassembly(1000);
          const arrived = new Set<number>();
          for (const [from, length] of arrivals) {
            reassembly.insert(advance(base, from), piece(from, from + length));
            for (let n = from; n < from + length; n += 1) arrived.add(n);
          }
          for (const { start, end } of reassembly.blocks(1000)) {
            for (let at = start; at !== end; at = advance(at, 1))
              expect(arrived.has((at - base) >>> 0)).toBe(true);
          }
          const taken: number[] = [];
          const next = reassembly.take(base, (bytes) => taken.push(...bytes));
          let contiguous = 0;
          while (arrived.has(contiguous)) contiguous += 1;
          expect(next).toBe(advance(base, contiguous));
          expect(taken).toEqual([...piece(0, contiguous)]);
        },
      ),
    );
  });

  test("reports the block that changed last first (RFC 2018, section 4)", () => {
    const reassembly = new Reassembly(10);
    reassembly.insert(100, piece(0, 10));
    reassembly.insert(200, piece(0, 10));
    reassembly.insert(300, piece(0, 10));
    reassembly.insert(110, piece(0, 10));
    expect(reassembly.blocks(2)).toEqual([
      { start: 100, end: 120 },
      { start: 300, end: 310 },
    ]);
  });

  test("forgets the blocks that were taken", () => {
    const reassembly = new Reassembly(10);
    reassembly.insert(100, piece(0, 10));
    reassembly.insert(200, piece(0, 10));
    reassembly.take(95, () => {});
    expect(reassembly.blocks(4)).toHaveLength(2);
    reassembly.take(100, () => {});
    expect(reassembly.blocks(4)).toEqual([{ start: 200, end: 210 }]);
  });

  test("drops the newest piece when it holds too many", () => {
    const reassembly = new Reassembly(2);
    expect([10, 20, 30].map((at) => reassembly.insert(at, piece(0, 5)))).toEqual([true, true, false]);
    expect(reassembly.pieces).toBe(2);
  });
});
