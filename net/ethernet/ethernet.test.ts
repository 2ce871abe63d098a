import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { etherType, parseEthernet, serializeEthernet } from "./ethernet.ts";
import { bytes } from "./fixture.ts";

describe("an Ethernet frame", () => {
  it("is read field by field", () => {
    const frame = bytes(
      "ff ff ff ff ff ff", // destination
      "02 00 00 00 00 64", // source
      "88 a2", // type: ATA over Ethernet
      "10 20", // payload
    );
    expect(parseEthernet(frame)).toEqual({
      kind: "ethernet",
      destination: 0xffffffffffff,
      source: 0x020000000064,
      type: etherType.aoe,
      payload: bytes("10 20"),
    });
  });

  it("lends its payload instead of copying it", () => {
    const frame = serializeEthernet({ destination: 1, source: 2, type: 3, payload: bytes("aa bb") });
    const parsed = parseEthernet(frame);
    expect(parsed.kind === "ethernet" && parsed.payload.buffer).toBe(frame.buffer);
  });

  it("survives being written and read", () => {
    const mac = fc.integer({ min: 0, max: 0xffffffffffff });
    const type = fc.integer({ min: 0, max: 0xffff });
    const frame = fc.record({
      destination: mac,
      source: mac,
      type,
      payload: fc.uint8Array({ maxLength: 1500, size: "max" }),
    });
    fc.assert(
      fc.property(frame, (fields) => {
        expect(parseEthernet(serializeEthernet(fields))).toEqual({ kind: "ethernet", ...fields });
      }),
    );
  });

  it("needs its whole header", () => {
    for (let length = 0; length < 14; length++) {
      expect(parseEthernet(new Uint8Array(length))).toEqual({ kind: "malformed", reason: "truncated" });
    }
    expect(parseEthernet(new Uint8Array(14)).kind).toBe("ethernet");
  });
});
