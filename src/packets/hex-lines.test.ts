import fc from "fast-check";
import { expect, test } from "vitest";
import { hexLines } from "./hex-lines.ts";

test("bytes are written in lines, and those that are meant are marked", () => {
  const bytes = Uint8Array.from("GET /boot\n", (character) => character.charCodeAt(0));
  expect(hexLines(bytes, 8, { start: 4, end: 9 })).toEqual([
    {
      offset: "0000",
      hex: [
        { text: "47 45 54 20 ", marked: false },
        { text: "2f 62 6f 6f", marked: true },
      ],
      text: [
        { text: "GET ", marked: false },
        { text: "/boo", marked: true },
      ],
    },
    {
      offset: "0008",
      hex: [
        { text: "74", marked: true },
        { text: " 0a", marked: false },
      ],
      text: [
        { text: "t", marked: true },
        { text: "·", marked: false },
      ],
    },
  ]);
});

test("every byte is written once, and marked exactly when it is meant", () => {
  fc.assert(
    fc.property(
      fc.uint8Array({ maxLength: 100 }),
      fc.constantFrom(8, 16),
      fc.nat({ max: 110 }),
      fc.nat({ max: 110 }),
      (bytes, perLine, one, other) => {
        const marked = { start: Math.min(one, other), end: Math.max(one, other) };
        const runs = hexLines(bytes, perLine, marked).flatMap(({ hex }) => hex);
        const written = runs.flatMap(({ text, marked: is }) =>
          text
            .trim()
            .split(" ")
            .map((pair) => ({ byte: Number.parseInt(pair, 16), is })),
        );
        expect(written).toEqual(
          Array.from(bytes, (byte, at) => ({ byte, is: at >= marked.start && at < marked.end })),
        );
      },
    ),
  );
});
