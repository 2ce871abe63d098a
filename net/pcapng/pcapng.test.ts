import fc from "fast-check";
import { expect, test } from "vitest";
import { concatOctets } from "../ethernet/octets.ts";
import { parseCapture } from "./read.ts";
import { type CapturePacket, serializeCaptureHeader, serializeCapturePacket } from "./write.ts";

const HEADER = serializeCaptureHeader({ application: "netroot", interfaceName: "guest" });

const packets: fc.Arbitrary<CapturePacket> = fc.record(
  {
    epochMs: fc.integer({ min: 0, max: 4e15 }).map((us) => us / 1000),
    direction: fc.constantFrom("in" as const, "out" as const),
    bytes: fc.uint8Array({ maxLength: 100 }),
    comment: fc.string({ maxLength: 20, unit: "grapheme" }),
  },
  { requiredKeys: ["epochMs", "direction", "bytes"] },
);

test("what is written is read again", () => {
  fc.assert(
    fc.property(fc.array(packets, { maxLength: 5 }), (list) => {
      const file = concatOctets([HEADER, ...list.map(serializeCapturePacket)]);
      expect(file.length % 4).toBe(0);
      expect(parseCapture(file)).toEqual(list);
    }),
  );
});

test("bytes that are no capture, and a capture that is cut off, are no capture", () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => parseCapture(bytes) === undefined));
  const whole = concatOctets([
    HEADER,
    serializeCapturePacket({ epochMs: 1, direction: "in", bytes: Uint8Array.of(1, 2, 3) }),
  ]);
  for (let length = HEADER.length + 1; length < whole.length; length += 1)
    expect(parseCapture(whole.subarray(0, length))).toBeUndefined();
});

test("the blocks lie as the format has them", () => {
  const packet = serializeCapturePacket({
    epochMs: 1,
    direction: "out",
    bytes: Uint8Array.of(0xaa, 0xbb, 0xcc),
    originalLength: 60,
  });
  expect([...packet]).toEqual([
    ...[6, 0, 0, 0], // an enhanced packet block
    ...[48, 0, 0, 0], // of 48 bytes
    ...[0, 0, 0, 0], // of the first interface
    ...[0, 0, 0, 0], // time, its high half
    ...[0xe8, 3, 0, 0], // and its low half: 1000 us
    ...[3, 0, 0, 0], // captured
    ...[60, 0, 0, 0], // of
    ...[0xaa, 0xbb, 0xcc, 0],
    ...[2, 0, 4, 0], // flags, four bytes
    ...[2, 0, 0, 0], // outbound
    ...[0, 0, 0, 0], // the end of the options
    ...[48, 0, 0, 0],
  ]);
});
