import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { bytes } from "../ethernet/fixture.ts";
import { arpOperation, parseArp, serializeArp } from "./arp.ts";

/** What Linux 6.1 asked before its first ping. */
const request = bytes(
  "00 01", // hardware type: Ethernet
  "08 00", // protocol type: IPv4
  "06", // hardware address length
  "04", // protocol address length
  "00 01", // operation: request
  "02 00 00 00 00 64", // sender's MAC address
  "0a 56 00 64", // sender's address
  "00 00 00 00 00 00", // target's MAC address
  "0a 56 00 01", // target's address
);

describe("an ARP packet", () => {
  it("is read as Linux sends it, padded or not", () => {
    const expected = {
      kind: "arp",
      operation: arpOperation.request,
      senderMac: 0x020000000064,
      senderAddress: 0x0a560064,
      targetMac: 0,
      targetAddress: 0x0a560001,
    };
    expect(parseArp(request)).toEqual(expected);
    expect(parseArp(bytes(request, new Uint8Array(18)))).toEqual(expected);
  });

  it("survives being written and read", () => {
    const mac = fc.integer({ min: 0, max: 0xffffffffffff });
    const address = fc.integer({ min: 0, max: 0xffffffff });
    const packet = fc.record({
      operation: fc.integer({ min: 0, max: 0xffff }),
      senderMac: mac,
      senderAddress: address,
      targetMac: mac,
      targetAddress: address,
    });
    fc.assert(
      fc.property(packet, (fields) => {
        expect(parseArp(serializeArp(fields))).toEqual({ kind: "arp", ...fields });
      }),
    );
  });

  it("is refused when it is cut short", () => {
    for (let length = 0; length < 28; length++) {
      expect(parseArp(request.subarray(0, length))).toEqual({ kind: "malformed", reason: "truncated" });
    }
  });

  it("is refused for anything but IPv4 over Ethernet", () => {
    for (const at of [1, 2, 4, 5]) {
      const foreign = request.slice();
      foreign[at]! ^= 4;
      expect(parseArp(foreign)).toEqual({ kind: "malformed", reason: "unsupported" });
    }
  });
});
