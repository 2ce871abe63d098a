import fc from "fast-check";
import { expect, test } from "vitest";
import { Conversations } from "./conversations/conversations.ts";
import { dissect } from "./dissect.ts";
import type { Dissection, Field } from "./field.ts";
import { FRAMES } from "./testing/frames.ts";

/** Reads frames in their order. */
function readAll(frames: readonly Uint8Array[]): Dissection[] {
  const conversations = new Conversations();
  return frames.map((bytes, index) =>
    dissect(
      bytes,
      conversations.observe({ bytes, timeMs: index, direction: index % 2 === 0 ? "out" : "in" }),
    ),
  );
}

function flatten(fields: readonly Field[]): Field[] {
  return fields.flatMap((field) => [field, ...flatten(field.children)]);
}

/** The first field that lies outside of what it should lie in. */
function outside(fields: readonly Field[], start: number, end: number): Field | undefined {
  for (const field of fields) {
    if (field.start < start || field.end < field.start || field.end > end) return field;
    const inner = outside(field.children, field.start, field.end);
    if (inner !== undefined) return inner;
  }
  return undefined;
}

function outsideOf(frames: readonly Uint8Array[]): Field | undefined {
  return readAll(frames)
    .map(({ fields }, index) => outside(fields, 0, frames[index]!.length))
    .find((field) => field !== undefined);
}

const text = (dissection: Dissection) => dissection.summary.info;
const isMalformed = ({ fields }: Dissection) => flatten(fields).some(({ name }) => name === "_ws.malformed");

test("whole frames are read without a word of complaint, and say what they are", () => {
  const read = readAll(FRAMES.map(({ bytes }) => bytes));
  expect(read.map((each) => [each.summary.protocol, text(each)])).toEqual(
    FRAMES.map(({ protocol, info }) => [protocol, info]),
  );
  expect(read.filter(isMalformed)).toEqual([]);
});

test("every field lies within the frame, and within its parent", () => {
  expect(outsideOf(FRAMES.map(({ bytes }) => bytes))).toBeUndefined();
});

test("any bytes, behind any real beginning, are read to their end", () => {
  const damaged = fc.tuple(
    fc.constantFrom(...FRAMES.map(({ bytes }) => bytes)),
    fc.nat({ max: 120 }),
    fc.uint8Array({ maxLength: 80 }),
  );
  fc.assert(
    fc.property(fc.array(damaged, { maxLength: 6 }), (list) => {
      const frames = list.map(([bytes, kept, tail]) =>
        Uint8Array.from([...bytes.subarray(0, kept), ...tail]),
      );
      expect(outsideOf(frames)).toBeUndefined();
    }),
    { numRuns: 2000 },
  );
});

test("a frame that is cut off says so", () => {
  for (const { bytes, protocol } of FRAMES) {
    const silent = Array.from(bytes.keys()).filter((length) => {
      const cut = bytes.subarray(0, length);
      expect(outsideOf([cut])).toBeUndefined();
      return !isMalformed(readAll([cut])[0]!);
    });
    // How much data an answer of AoE has is not written in it, and what is behind an ARP packet is padding.
    const whole = protocol === "AoE" ? 36 : protocol === "ARP" ? 42 : bytes.length;
    expect(
      silent.filter((length) => length < whole),
      protocol,
    ).toEqual([]);
  }
});

test("one changed byte changes what is read, or nothing: it never throws", () => {
  fc.assert(
    fc.property(
      fc.nat({ max: FRAMES.length - 1 }),
      fc.nat({ max: 1500 }),
      fc.integer({ min: 1, max: 255 }),
      (which, where, by) => {
        const frames = FRAMES.map(({ bytes }) => bytes.slice());
        const frame = frames[which]!;
        frame[where % frame.length]! ^= by;
        expect(outsideOf(frames)).toBeUndefined();
      },
    ),
    { numRuns: 300 },
  );
});
