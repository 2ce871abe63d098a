import { describe, expect, test } from "vitest";
import { createRoundTrip, currentRtoMs, measure } from "./round-trip.ts";

describe("the retransmission time-out (RFC 6298)", () => {
  test("is a second before anything was measured", () => {
    expect(currentRtoMs(createRoundTrip(), 60_000)).toBe(1000);
  });

  test("is three times the first measurement", () => {
    const roundTrip = createRoundTrip();
    measure(roundTrip, 300, 0, 60_000);
    expect(roundTrip).toMatchObject({ smoothedMs: 300, variationMs: 150, rtoMs: 900 });
  });

  test("weighs the next ones by an eighth and a quarter", () => {
    const roundTrip = createRoundTrip();
    measure(roundTrip, 400, 0, 60_000);
    measure(roundTrip, 480, 0, 60_000);
    expect(roundTrip).toMatchObject({ smoothedMs: 410, variationMs: 170, rtoMs: 410 + 4 * 170 });
  });

  test("stays within its bounds", () => {
    const roundTrip = createRoundTrip();
    measure(roundTrip, 0, 200, 60_000);
    expect(roundTrip.rtoMs).toBe(200);
    measure(roundTrip, 3_600_000, 200, 60_000);
    expect(roundTrip.rtoMs).toBe(60_000);
  });

  test("doubles with each expiry, up to its bound", () => {
    const roundTrip = createRoundTrip();
    const rtos = [0, 1, 2, 3, 10, 100].map((backoffs) => currentRtoMs({ ...roundTrip, backoffs }, 60_000));
    expect(rtos).toEqual([1000, 2000, 4000, 8000, 60_000, 60_000]);
  });
});
