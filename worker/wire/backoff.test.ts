import fc from "fast-check";
import { expect, it } from "vitest";
import { backoffMs } from "./backoff.ts";

it("waits between half and all of a time that doubles up to a limit", () => {
  fc.assert(
    fc.property(fc.nat(1000), fc.double({ min: 0, max: 1, noNaN: true }), (attempt, random) => {
      const full = Math.min(5000, 250 * 2 ** Math.min(attempt, 30));
      const waitMs = backoffMs(attempt, random, { firstMs: 250, maxMs: 5000 });
      expect(waitMs).toBeGreaterThanOrEqual(Math.floor(full / 2));
      expect(waitMs).toBeLessThanOrEqual(full);
    }),
  );
});

it("spreads a room of clients", () => {
  const options = { firstMs: 1000, maxMs: 1000 };
  expect(backoffMs(0, 0, options)).toBe(500);
  expect(backoffMs(0, 1, options)).toBe(1000);
});
