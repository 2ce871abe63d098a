import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Scoreboard } from "./scoreboard.ts";
import { advance } from "./sequence.ts";

const MSS = 10;

describe("Scoreboard", () => {
  test("answers like a set of octets, wherever the sequence wraps", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 0xffffffff }),
        fc.array(fc.tuple(fc.nat(150), fc.integer({ min: 1, max: 30 })), { maxLength: 20 }),
        fc.nat(100),
        fc.nat(200),
        (una, blocks, acknowledged, from) => {
          const scoreboard = new Scoreboard();
          const model = new Set<number>();
          for (const [start, length] of blocks) {
            const before = model.size;
            for (let n = start; n < start + length; n += 1) model.add(n);
            const news = scoreboard.add(advance(una, start), advance(una, start + length));
            expect(news).toBe(model.size > before);
          }
          scoreboard.acknowledge(advance(una, acknowledged));
          for (const n of model) if (n < acknowledged) model.delete(n);
          expect(scoreboard.octets).toBe(model.size);
          let missing = 0;
          for (let n = acknowledged; n < 200; n += 1) if (!model.has(n)) missing += 1;
          expect(scoreboard.missing(advance(una, acknowledged), advance(una, 200))).toBe(missing);
          let next = Math.max(from, acknowledged);
          while (model.has(next)) next += 1;
          expect(scoreboard.nextMissing(advance(una, Math.max(from, acknowledged)))).toBe(advance(una, next));
          let gap = 0;
          while (gap < 25 && !model.has(next + gap)) gap += 1;
          expect(scoreboard.gap(advance(una, next), 25)).toBe(gap);
        },
      ),
    );
  });

  test("calls an octet lost when three blocks lie above it", () => {
    const scoreboard = new Scoreboard();
    scoreboard.add(10, 11);
    scoreboard.add(20, 21);
    expect(scoreboard.lossEdge(MSS)).toBe(undefined);
    scoreboard.add(30, 31);
    expect(scoreboard.lossEdge(MSS)).toBe(10);
  });

  test("calls an octet lost when more than two segments' octets lie above it", () => {
    const scoreboard = new Scoreboard();
    scoreboard.add(10, 10 + 2 * MSS);
    expect(scoreboard.lossEdge(MSS)).toBe(undefined);
    scoreboard.add(10 + 2 * MSS, 11 + 2 * MSS);
    expect(scoreboard.lossEdge(MSS)).toBe(10);
  });
});
