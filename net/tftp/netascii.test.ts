import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { octetsFromText, textFromOctets } from "../ethernet/octets.ts";
import { decodeNetascii, encodeNetascii } from "./netascii.ts";

const octets = fc.array(fc.oneof(fc.constantFrom(0, 10, 13), fc.integer({ min: 0, max: 255 })));

describe("netascii", () => {
  it("ends lines with CR LF, and marks a CR that ends none", () => {
    expect(textFromOctets(encodeNetascii(octetsFromText("a\nb\rc\r\n\n")))).toBe("a\r\nb\r\0c\r\0\r\n\r\n");
  });

  it("comes back as it was, also when it was translated in pieces", () => {
    fc.assert(
      fc.property(octets, octets, (first, second) => {
        const pieces = [first, second].flatMap((each) => [...encodeNetascii(Uint8Array.from(each))]);
        expect([...decodeNetascii(Uint8Array.from(pieces))]).toEqual([...first, ...second]);
      }),
    );
  });

  it("never has a CR before anything but LF and NUL", () => {
    fc.assert(
      fc.property(octets, (file) => {
        expect(textFromOctets(encodeNetascii(Uint8Array.from(file)))).not.toMatch(/\r(?![\n\0])|(?<!\r)\n/);
      }),
    );
  });
});
