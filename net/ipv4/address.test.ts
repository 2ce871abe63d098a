import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { broadcastOf, formatIpv4, isInNetwork, isMulticastAddress, netmask, parseIpv4 } from "./address.ts";

const lab = { address: 0x0a560001, prefixLength: 24 };

describe("an IPv4 address", () => {
  it("survives being written and read", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 0xffffffff }), (address) => {
        expect(parseIpv4(formatIpv4(address))).toBe(address);
      }),
    );
  });

  it("is not read from anything but four plain numbers", () => {
    for (const text of [
      "",
      "10.86.0",
      "10.86.0.1.2",
      "10.86.0.256",
      "10.86.0.01",
      "10.86.0.-1",
      "10.86.0.1 ",
    ]) {
      expect(parseIpv4(text), text).toBeUndefined();
    }
  });

  it("belongs to a network, or does not", () => {
    expect(isInNetwork(0x0a5600fe, lab)).toBe(true);
    expect(isInNetwork(0x0a560100, lab)).toBe(false);
    expect(isInNetwork(0xffffffff, { address: 0, prefixLength: 0 })).toBe(true);
    expect(isInNetwork(0x0a560002, { address: 0x0a560001, prefixLength: 32 })).toBe(false);
  });

  it("has a mask and a broadcast address for each prefix", () => {
    expect([0, 8, 24, 30, 32].map((prefix) => formatIpv4(netmask(prefix)))).toEqual([
      "0.0.0.0",
      "255.0.0.0",
      "255.255.255.0",
      "255.255.255.252",
      "255.255.255.255",
    ]);
    expect(formatIpv4(broadcastOf(lab))).toBe("10.86.0.255");
    expect(formatIpv4(broadcastOf({ address: 0xc0a80101, prefixLength: 30 }))).toBe("192.168.1.3");
  });

  it("is a multicast address between 224 and 239", () => {
    expect(["223.255.255.255", "224.0.0.1", "239.255.255.255", "240.0.0.0"].map(parse)).toEqual([
      false,
      true,
      true,
      false,
    ]);
  });
});

function parse(text: string): boolean {
  return isMulticastAddress(parseIpv4(text)!);
}
