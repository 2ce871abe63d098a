import { DOMParser } from "@xmldom/xmldom";
import fc from "fast-check";
import { expect, it } from "vitest";
import { ScreenRows, screenPicture } from "./screen-picture.ts";

function screenOf(...lines: readonly Uint8Array[]): ScreenRows {
  const screen = new ScreenRows();
  const rows = lines.map((characters, row) => ({
    row,
    characters,
    foreground: new Uint32Array(characters.length).fill(0xaaaaaa),
    background: new Uint32Array(characters.length),
  }));
  screen.take({ type: "screen-rows", rows });
  return screen;
}

function draw(screen: ScreenRows) {
  const problems: string[] = [];
  const parser = new DOMParser({ onError: (_, message) => problems.push(message) });
  const document = parser.parseFromString(Buffer.from(screenPicture(screen)).toString(), "image/svg+xml");
  expect(problems).toEqual([]);
  return [...document.getElementsByTagName("text")].map((each) =>
    each.textContent?.replaceAll("\u00a0", " "),
  );
}

it("draws a text screen", () => {
  expect(draw(screenOf(Buffer.from("netroot login: _"), Buffer.from([0xc9, 0xcd, 0xbb])))).toEqual([
    "netroot login: _",
    "╔═╗",
  ]);
});

it("draws what has a colour of its own apart", () => {
  const screen = screenOf(Buffer.from("[ OK ]"));
  const [row] = screen.rows;
  row!.foreground.set([0x00aa00, 0x00aa00], 2);
  expect(draw(screen)).toEqual(["[ ", "OK", " ]"]);
});

it("is well-formed whatever is on the screen", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 80 }), (characters) => {
      draw(screenOf(characters));
    }),
  );
});
