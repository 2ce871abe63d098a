import fc from "fast-check";
import { expect, test } from "vitest";
import { fakeClock } from "../ethernet/fixture.ts";
import { PortRate } from "./port-rate.ts";

function passed(rate: PortRate, bytes: number, count: number): number {
  let admitted = 0;
  for (let sent = 0; sent < count; sent++) if (rate.admit(new Uint8Array(bytes))) admitted++;
  return admitted;
}

test("as many packets pass as are allowed, and the rest is counted", () => {
  const clock = fakeClock();
  const rate = new PortRate({ clock, bytesPerSecond: 1e9, packetsPerSecond: 100 });
  expect(passed(rate, 60, 150)).toBe(100);
  expect(rate.dropped).toBe(50);
  clock.nowMs += 500;
  expect(passed(rate, 60, 150)).toBe(50);
  clock.nowMs += 60_000;
  expect(passed(rate, 60, 150)).toBe(100);
});

test("as many bytes pass as are allowed: large frames are fewer", () => {
  const clock = fakeClock();
  const rate = new PortRate({ clock, bytesPerSecond: 15_000, packetsPerSecond: 1e9 });
  expect(passed(rate, 1500, 100)).toBe(10);
  clock.nowMs += 100;
  expect(passed(rate, 500, 100)).toBe(3);
});

test("no pattern of sending gets more through than the rate and one burst", () => {
  const pause = fc.record({
    ms: fc.integer({ min: 0, max: 3000 }),
    frames: fc.array(fc.integer({ min: 14, max: 1514 })),
  });
  fc.assert(
    fc.property(fc.array(pause, { maxLength: 40 }), (pauses) => {
      const clock = fakeClock();
      const limits = { bytesPerSecond: 20_000, packetsPerSecond: 30 };
      const rate = new PortRate({ clock, ...limits });
      let [bytes, packets, ms, sent] = [0, 0, 0, 0];
      for (const pause of pauses) {
        clock.nowMs += pause.ms;
        ms += pause.ms;
        for (const length of pause.frames) {
          sent++;
          if (!rate.admit(new Uint8Array(length))) continue;
          bytes += length;
          packets++;
        }
      }
      const seconds = 1 + ms / 1000;
      expect(bytes).toBeLessThanOrEqual(limits.bytesPerSecond * seconds + 1e-3);
      expect(packets).toBeLessThanOrEqual(limits.packetsPerSecond * seconds + 1e-6);
      expect(packets + rate.dropped).toBe(sent);
    }),
  );
});
