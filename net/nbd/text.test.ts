import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decodeUtf8, encodeUtf8 } from "./text.ts";

const platform = new TextDecoder("utf-8", { ignoreBOM: true });

describe("text of the protocol", () => {
  it("is UTF-8, as the platform writes it", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary", maxLength: 40 }), (text) => {
        expect(encodeUtf8(text)).toEqual(new TextEncoder().encode(text));
      }),
    );
  });

  it("comes back as it was", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary", maxLength: 40 }), (text) => {
        expect(decodeUtf8(encodeUtf8(text))).toBe(platform.decode(new TextEncoder().encode(text)));
      }),
    );
  });

  it("is read as Latin-1 where it is no UTF-8, whatever the bytes are", () => {
    expect(decodeUtf8(Uint8Array.of(0x67, 0x72, 0xfc, 0x6e))).toBe("grün");
    fc.assert(fc.property(fc.uint8Array({ maxLength: 400 }), (bytes) => decodeUtf8(bytes).length <= 400));
  });
});
