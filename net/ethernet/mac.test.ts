import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { bytes } from "./fixture.ts";
import { BROADCAST_MAC, formatMac, isMulticastMac, parseMac, readMac, writeMac } from "./mac.ts";

const anyMac = fc.integer({ min: 0, max: BROADCAST_MAC });

describe("a MAC address", () => {
  it("is read from six octets", () => {
    expect(readMac(bytes("ff", "02 00 5e 10 00 64"), 1)).toBe(0x02005e100064);
  });

  it("survives being written and read, as octets and as text", () => {
    fc.assert(
      fc.property(anyMac, (mac) => {
        const octets = new Uint8Array(8);
        writeMac(octets, 1, mac);
        expect(readMac(octets, 1)).toBe(mac);
        expect([octets[0], octets[7]]).toEqual([0, 0]);
        expect(parseMac(formatMac(mac))).toBe(mac);
      }),
    );
  });

  it("is for many when the lowest bit of the first octet says so", () => {
    expect(isMulticastMac(BROADCAST_MAC)).toBe(true);
    expect(isMulticastMac(0x01005e000001)).toBe(true);
    expect(isMulticastMac(0x02005e000001)).toBe(false);
    expect(isMulticastMac(0xfe0000000001)).toBe(false);
  });

  it("is read from text with colons or hyphens, and from nothing else", () => {
    expect(formatMac(0x02005e100a64)).toBe("02:00:5e:10:0a:64");
    expect(parseMac("02-00-5E-10-0A-64")).toBe(0x02005e100a64);
    for (const text of ["", "02005e100a64", "02:00:5e:10:0a", "02:00-5e:10:0a:64", "02:00:5e:10:0a:6g"]) {
      expect(parseMac(text), text).toBeUndefined();
    }
  });
});
