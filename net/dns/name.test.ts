import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { bytes } from "../ethernet/fixture.ts";
import { concatOctets } from "../ethernet/octets.ts";
import { canonicalName, nameLabels, readName } from "./name.ts";

function write(name: string): Uint8Array {
  return concatOctets([
    ...nameLabels(name).map((label) => bytes(Uint8Array.of(label.length), label)),
    bytes("00"),
  ]);
}

describe("a domain name", () => {
  it("is followed through pointers, and reading goes on after the first", () => {
    const message = bytes(
      "04 74 65 73 74 00", // 0: test
      "01 61 c0 00", // 6: a, then test
      "01 62 c0 06", // 10: b, then a.test
      "ff",
    );
    expect(readName(message, 10)).toEqual({ name: "b.a.test", next: 14 });
    expect(readName(message, 0)).toEqual({ name: "test", next: 6 });
    expect(readName(message, 5)).toEqual({ name: "", next: 6 });
  });

  it("is none when its pointer leads to itself, forward, or in a circle", () => {
    expect(readName(bytes("c0 00"), 0)).toBeUndefined();
    expect(readName(bytes("c0 02 01 61 00"), 0)).toBeUndefined();
    expect(readName(bytes("01 61 c0 04 01 62 c0 00"), 0)).toBeUndefined();
    expect(readName(bytes("01 61 c0 04 01 62 c0 00"), 4)).toBeUndefined();
  });

  it("is none when it is cut short, too long, or of an unknown kind of label", () => {
    expect(readName(bytes("03 61 62"), 0)).toBeUndefined();
    expect(readName(bytes("01 61 c0"), 0)).toBeUndefined();
    expect(readName(bytes("01 61"), 0)).toBeUndefined();
    expect(readName(bytes("41 61 00"), 0)).toBeUndefined();
    const labels = (count: number) => bytes(...Array.from({ length: count }, () => "01 61"), "00");
    expect(readName(labels(127), 0)?.next).toBe(255);
    expect(readName(labels(128), 0)).toBeUndefined();
  });

  it("costs little however many pointers there are", () => {
    // The root, then pointers that each lead to the one before.
    const pointers = Array.from({ length: 200 }, (_, index) => pointer(Math.max(0, index * 2 - 1)));
    const message = bytes("00", ...pointers);
    expect(readName(message, 1 + 2 * 126)).toEqual({ name: "", next: 255 });
    expect(readName(message, 1 + 2 * 127)).toBeUndefined();
  });

  it("survives being written and read, with any octets in its labels", () => {
    const label = fc.uint8Array({ minLength: 1, maxLength: 63, size: "max" });
    fc.assert(
      fc.property(fc.array(label, { maxLength: 3, size: "max" }), (labels) => {
        const wire = bytes(...labels.flatMap((octets) => [Uint8Array.of(octets.length), octets]), "00");
        const read = readName(wire, 0);
        expect(read?.next).toBe(wire.length);
        expect(write(read!.name)).toEqual(wire);
      }),
    );
  });

  it("of ours that is none is our mistake", () => {
    for (const name of ["a..b", ".", "a".repeat(64), Array(128).fill("a").join(".")]) {
      expect(() => nameLabels(name), name).toThrow(RangeError);
    }
    expect(nameLabels("")).toEqual([]);
  });

  it("compares without regard to case and a last dot", () => {
    expect(canonicalName("Boot.NETROOT.test.")).toBe("boot.netroot.test");
    expect(canonicalName("Ä")).toBe("Ä");
  });
});

function pointer(target: number): Uint8Array {
  return Uint8Array.of(0xc0 | (target >> 8), target & 0xff);
}
