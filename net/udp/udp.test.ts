import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { bytes } from "../ethernet/fixture.ts";
import { parseUdp, serializeUdp } from "./udp.ts";

const source = 0x0a560064;
const destination = 0x0a560001;

/** `hi`, sent by Linux 6.1. */
const datagram = bytes(
  "a8 ef", // source port
  "00 09", // destination port: discard
  "00 0a", // length
  "d9 67", // checksum
  "68 69", // payload
);

const port = fc.integer({ min: 0, max: 0xffff });
const address = fc.integer({ min: 0, max: 0xffffffff });

describe("a UDP datagram", () => {
  it("is read as Linux sends it, and written the same", () => {
    const fields = { sourcePort: 0xa8ef, destinationPort: 9, payload: bytes("68 69") };
    expect(parseUdp(datagram, source, destination)).toEqual({ kind: "udp", ...fields });
    expect(serializeUdp(fields, source, destination)).toEqual(datagram);
  });

  it("survives being written and read", () => {
    const fields = fc.record({
      sourcePort: port,
      destinationPort: port,
      payload: fc.uint8Array({ maxLength: 1500, size: "max" }),
    });
    fc.assert(
      fc.property(fields, address, address, (sent, from, to) => {
        expect(parseUdp(serializeUdp(sent, from, to), from, to)).toEqual({ kind: "udp", ...sent });
      }),
    );
  });

  it("is refused when it was meant for another address, unless it has no checksum", () => {
    expect(parseUdp(datagram, source, destination + 1)).toEqual({
      kind: "malformed",
      reason: "bad-checksum",
    });
    const unchecked = datagram.slice();
    unchecked.set([0, 0], 6);
    expect(parseUdp(unchecked, source, destination + 1).kind).toBe("udp");
  });

  it("never says that it has no checksum, even when the sum is 0", () => {
    // The payload makes everything before the checksum add up to 0xffff.
    const zero = serializeUdp({ sourcePort: 0, destinationPort: 0, payload: bytes("ff da") }, 0, 0);
    expect(zero.subarray(6, 8)).toEqual(bytes("ff ff"));
    expect(parseUdp(zero, 0, 0).kind).toBe("udp");
  });

  it("is refused when its length is none, and cut where its length says", () => {
    expect(parseUdp(datagram.subarray(0, 9), source, destination).kind).toBe("malformed");
    expect(parseUdp(datagram.subarray(0, 7), source, destination).kind).toBe("malformed");
    const short = datagram.slice();
    short.set([0, 7], 4);
    expect(parseUdp(short, source, destination)).toEqual({ kind: "malformed", reason: "bad-length" });
    const padded = parseUdp(bytes(datagram, "00 00 00"), source, destination);
    expect(padded.kind === "udp" && padded.payload.length).toBe(2);
  });
});
