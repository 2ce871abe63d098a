import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { findGuestClock, setGuestClock } from "./guest-clock.ts";

const NOW_MS = 1_795_000_123_456;
const NS = 1_000_000_000n;

interface Clock {
  readonly realS: number;
  readonly uptimeS: number;
  readonly uptimeNs: number;
}

/** A `struct timekeeper` from `xtime_sec` on. `wall_to_monotonic` is normalised: its nanoseconds are not negative. */
function plant(memory: Uint8Array, at: number, { realS, uptimeS, uptimeNs }: Clock): void {
  const view = new DataView(memory.buffer);
  const toMonotonic = -(BigInt(realS - uptimeS) * NS - BigInt(uptimeNs));
  const seconds = toMonotonic / NS - (toMonotonic % NS < 0n ? 1n : 0n);
  view.setBigInt64(at, BigInt(realS), true);
  view.setUint32(at + 8, uptimeS, true);
  view.setBigInt64(at + 12, seconds, true);
  view.setInt32(at + 20, Number(toMonotonic - seconds * NS), true);
  view.setBigInt64(at + 24, -toMonotonic, true);
  view.setBigInt64(at + 40, -toMonotonic + 37n * NS, true);
  view.setInt32(at + 48, 37, true);
}

const clocks = fc.record({
  realS: fc.integer({ min: 1_795_000_063, max: 1_795_000_183 }),
  uptimeS: fc.integer({ min: 1, max: 100_000 }),
  uptimeNs: fc.integer({ min: 0, max: 999_999_999 }),
});
const places = fc
  .tuple(fc.nat(4000), fc.nat(4000))
  .map(([a, b]) => [a * 4, b * 4].sort((x, y) => x - y) as [number, number])
  .filter(([a, b]) => b - a >= 56);

describe("the guest's clock", () => {
  it("is found where the kernel has it, twice", () => {
    fc.assert(
      fc.property(clocks, places, (clock, [a, b]) => {
        const memory = new Uint8Array(17_000);
        plant(memory, a, clock);
        plant(memory, b, clock);
        expect(findGuestClock(memory, NOW_MS)).toEqual([a, b]);
      }),
    );
  });

  it("is set so that all that says the time says the same", () => {
    fc.assert(
      fc.property(clocks, places, fc.integer({ min: 0, max: 10 ** 12 }), (clock, [a, b], laterMs) => {
        const memory = new Uint8Array(17_000);
        plant(memory, a, clock);
        plant(memory, b, clock);
        setGuestClock(memory, [a, b], NOW_MS + laterMs);
        // The kernel's own invariants hold at the new time, or it would not be found.
        expect(findGuestClock(memory, NOW_MS + laterMs)).toEqual([a, b]);
        const view = new DataView(memory.buffer);
        expect(
          Math.abs(Number(view.getBigInt64(a, true)) * 1000 + 500 - (NOW_MS + laterMs)),
        ).toBeLessThanOrEqual(500);
        expect(view.getUint32(a + 8, true)).toBe(clock.uptimeS);
        expect(view.getUint32(a + 52, true)).toBe(1);
      }),
    );
  });

  it("is set to within half a second, wherever in its second it stands", () => {
    const shift = 23;
    fc.assert(
      fc.property(clocks, fc.nat(999_999_999), fc.nat(10 ** 9), (clock, ns, laterMs) => {
        const memory = new Uint8Array(1000);
        const view = new DataView(memory.buffer);
        plant(memory, 400, clock);
        view.setUint32(400 - 80, shift, true);
        view.setBigUint64(400 - 76, BigInt(ns) << BigInt(shift), true);
        setGuestClock(memory, [400], NOW_MS + laterMs);
        const guestMs = Number(view.getBigInt64(400, true)) * 1000 + ns / 1e6;
        expect(Math.abs(guestMs - (NOW_MS + laterMs))).toBeLessThanOrEqual(500.001);
      }),
    );
  });

  it("is not found once, three times, hours off, or in noise", () => {
    const clock = { realS: 1_795_000_100, uptimeS: 30, uptimeNs: 5 };
    const memory = new Uint8Array(17_000);
    expect(findGuestClock(memory, NOW_MS)).toBeUndefined();
    plant(memory, 400, clock);
    expect(findGuestClock(memory, NOW_MS)).toBeUndefined();
    plant(memory, 800, clock);
    expect(findGuestClock(memory, NOW_MS)).toEqual([400, 800]);
    expect(findGuestClock(memory, NOW_MS + 3_600_000)).toBeUndefined();
    plant(memory, 1200, clock);
    expect(findGuestClock(memory, NOW_MS)).toBeUndefined();
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 64, maxLength: 4096, size: "max" }), (noise) => {
        expect(findGuestClock(noise.slice(), NOW_MS)).toBeUndefined();
      }),
    );
  });

  it("is not found where one of its numbers disagrees", () => {
    const clock = { realS: 1_795_000_100, uptimeS: 30, uptimeNs: 5 };
    for (const at of [8, 12, 20, 24, 40, 48]) {
      const memory = new Uint8Array(2000);
      plant(memory, 400, clock);
      plant(memory, 800, clock);
      memory[800 + at]! ^= 4;
      expect(findGuestClock(memory, NOW_MS), `byte ${at}`).toBeUndefined();
    }
  });
});
