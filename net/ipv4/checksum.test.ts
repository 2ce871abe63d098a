import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { bytes } from "../ethernet/fixture.ts";
import { internetChecksum, onesComplementSum, pseudoHeaderSum } from "./checksum.ts";

/** RFC 1071 section 4.1, as it stands there. */
function reference(data: Uint8Array): number {
  let sum = 0;
  for (let at = 0; at < data.length; at += 2) sum += data[at]! * 256 + (data[at + 1] ?? 0);
  while (sum > 0xffff) sum = (sum % 65536) + Math.floor(sum / 65536);
  return sum;
}

describe("the Internet checksum", () => {
  it("is that of the example in RFC 1071, section 3", () => {
    const data = bytes("00 01", "f2 03", "f4 f5", "f6 f7");
    expect(onesComplementSum(data, 0, 8)).toBe(0xddf2);
    expect(internetChecksum(data, 0, 8)).toBe(0x220d);
  });

  it("is the same at any alignment, of any length, with the bytes around left out", () => {
    const data = fc.uint8Array({ maxLength: 2000, size: "max" });
    fc.assert(
      fc.property(data, fc.nat(9), fc.nat(9), (inner, before, after) => {
        const whole = new Uint8Array(before + inner.length + after).fill(0xa5);
        whole.set(inner, before);
        expect(onesComplementSum(whole, before, before + inner.length)).toBe(reference(inner));
      }),
    );
  });

  it("chains over parts of even length", () => {
    const data = fc.uint8Array({ maxLength: 600, size: "max" });
    fc.assert(
      fc.property(data, fc.nat(300), (inner, half) => {
        const cut = Math.min(half * 2, inner.length - (inner.length % 2));
        const first = onesComplementSum(inner, 0, cut);
        expect(onesComplementSum(inner, cut, inner.length, first)).toBe(reference(inner));
      }),
    );
  });

  it("does not overflow on the largest packet", () => {
    const data = new Uint8Array(65_535).fill(0xff);
    expect(onesComplementSum(data, 0, data.length, 0xffff)).toBe(0xff00);
    expect(onesComplementSum(data, 1, data.length, 0xffff)).toBe(0xffff);
  });

  it("covers the addresses, the protocol and the length of a pseudo header", () => {
    const pseudoHeader = bytes(
      "0a 56 00 64", // source
      "0a 56 00 01", // destination
      "00", // zero
      "11", // protocol: UDP
      "ff f0", // length
    );
    expect(pseudoHeaderSum(0x0a560064, 0x0a560001, 17, 0xfff0)).toBe(reference(pseudoHeader));
  });
});
