import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { bytes } from "../ethernet/fixture.ts";
import { RateLimit } from "../rate-limit.ts";
import { type IcmpMessage, icmpLength, parseIcmp, serializeIcmp } from "./icmp.ts";

/** `ping -s 8` of iputils. */
const ping = bytes(
  "08", // type: echo request
  "00", // code
  "8e ca", // checksum
  "5d 24", // identifier
  "00 01", // sequence
  "00 01 02 03 04 05 06 07", // data
);

const u8 = fc.integer({ min: 0, max: 0xff });
const u16 = fc.integer({ min: 0, max: 0xffff });
const data = fc.uint8Array({ maxLength: 100, size: "max" });
const anyMessage: fc.Arbitrary<IcmpMessage> = fc.oneof(
  fc.record({
    kind: fc.constantFrom("echo-request" as const, "echo-reply" as const),
    identifier: u16,
    sequence: u16,
    data,
  }),
  fc.record({
    kind: fc.constant("destination-unreachable" as const),
    code: u8,
    nextHopMtu: u16,
    original: data,
  }),
  fc.record({
    kind: fc.constant("other" as const),
    type: fc.integer({ min: 9, max: 255 }),
    code: u8,
    body: fc.uint8Array({ minLength: 4, maxLength: 100, size: "max" }),
  }),
);

describe("an ICMP message", () => {
  it("is read as ping sends it", () => {
    expect(parseIcmp(ping)).toEqual({
      kind: "echo-request",
      identifier: 0x5d24,
      sequence: 1,
      data: bytes("00 01 02 03 04 05 06 07"),
    });
  });

  it("survives being written and read", () => {
    fc.assert(
      fc.property(anyMessage, (message) => {
        const written = serializeIcmp(message);
        expect(written.length).toBe(icmpLength(message));
        expect(parseIcmp(written)).toEqual(message);
      }),
    );
  });

  it("is refused when a bit was turned over, or when it is cut short", () => {
    for (let bit = 0; bit < ping.length * 8; bit++) {
      const damaged = ping.slice();
      damaged[bit >> 3]! ^= 1 << (bit & 7);
      expect(parseIcmp(damaged)).toEqual({ kind: "malformed", reason: "bad-checksum" });
    }
    expect(parseIcmp(ping.subarray(0, 7))).toEqual({ kind: "malformed", reason: "truncated" });
  });

  it("of an echo type with a strange code passes through", () => {
    const strange = { kind: "other", type: 8, code: 1, body: bytes("00 01 00 02") } as const;
    expect(parseIcmp(serializeIcmp(strange))).toEqual(strange);
  });
});

describe("the rate limit", () => {
  it("allows a burst, then as much as the rate refills, and never more than a burst", () => {
    const limit = new RateLimit(3, 10, 0);
    const take = (nowMs: number, times: number) =>
      Array.from({ length: times }, () => limit.take(nowMs)).filter(Boolean).length;
    expect(take(0, 5)).toBe(3);
    expect(take(99, 5)).toBe(0);
    expect(take(200, 5)).toBe(2);
    expect(take(60_000, 9)).toBe(3);
  });
});
