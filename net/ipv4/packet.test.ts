import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { bytes } from "../ethernet/fixture.ts";
import { isFragment, parseIpv4Packet, serializeIpv4Packet } from "./packet.ts";

/** A UDP datagram that Linux 6.1 sent with a router alert. */
const withOptions = bytes(
  "46", // version 4, header of 6 words
  "00", // type of service
  "00 22", // total length
  "4c 65", // identification
  "40 00", // don't fragment
  "40", // time to live
  "11", // protocol: UDP
  "44 51", // header checksum
  "0a 56 00 64", // source 10.86.0.100
  "0a 56 00 01", // destination 10.86.0.1
  "94 04 00 00", // option: router alert
  "a8 ef 00 09 00 0a d9 67 68 69", // payload
);

const u8 = fc.integer({ min: 0, max: 0xff });
const u16 = fc.integer({ min: 0, max: 0xffff });
const u32 = fc.integer({ min: 0, max: 0xffffffff });
const anyPacket = fc.record({
  source: u32,
  destination: u32,
  protocol: u8,
  timeToLive: u8,
  typeOfService: u8,
  identification: u16,
  dontFragment: fc.boolean(),
  moreFragments: fc.boolean(),
  fragmentOffset: fc.nat(0x1fff).map((units) => units * 8),
  payload: fc.uint8Array({ maxLength: 300, size: "max" }),
});

describe("an IPv4 packet", () => {
  it("is read past its options", () => {
    expect(parseIpv4Packet(withOptions)).toEqual({
      kind: "ipv4",
      source: 0x0a560064,
      destination: 0x0a560001,
      protocol: 17,
      timeToLive: 64,
      typeOfService: 0,
      identification: 0x4c65,
      dontFragment: true,
      moreFragments: false,
      fragmentOffset: 0,
      payload: bytes("a8 ef 00 09 00 0a d9 67 68 69"),
    });
  });

  it("loses the padding that Ethernet added", () => {
    const padded = parseIpv4Packet(bytes(withOptions, new Uint8Array(12)));
    expect(padded.kind === "ipv4" && padded.payload.length).toBe(10);
  });

  it("survives being written and read", () => {
    fc.assert(
      fc.property(anyPacket, (packet) => {
        expect(parseIpv4Packet(serializeIpv4Packet(packet))).toEqual({ kind: "ipv4", ...packet });
      }),
    );
  });

  it("is refused when a bit of its header was turned over", () => {
    for (let bit = 0; bit < 24 * 8; bit++) {
      const damaged = withOptions.slice();
      damaged[bit >> 3]! ^= 1 << (bit & 7);
      expect(parseIpv4Packet(damaged).kind, `bit ${bit}`).toBe("malformed");
    }
  });

  it("is refused when it is cut short, at any place", () => {
    for (let length = 0; length < withOptions.length; length++) {
      expect(parseIpv4Packet(withOptions.subarray(0, length)).kind).toBe("malformed");
    }
  });

  it("is a value and no exception, whatever the bytes are", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 80, size: "max" }), (noise) => {
        noise[0] = 0x45;
        expect(["ipv4", "malformed"]).toContain(parseIpv4Packet(noise).kind);
      }),
    );
  });

  it("is a fragment at its beginning, middle and end", () => {
    const packet = { ...fc.sample(anyPacket, 1)[0]!, kind: "ipv4" as const };
    const is = (moreFragments: boolean, fragmentOffset: number) =>
      isFragment({ ...packet, moreFragments, fragmentOffset });
    expect([is(true, 0), is(true, 8), is(false, 8), is(false, 0)]).toEqual([true, true, true, false]);
  });
});
