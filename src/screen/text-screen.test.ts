import { expect, test } from "vitest";
import type { ScreenRow } from "../../worker/interface.ts";
import { TextScreen } from "./text-screen.ts";

const row = (index: number, text: string): ScreenRow => ({
  row: index,
  characters: Uint8Array.from(text.padEnd(80), (character) => character.charCodeAt(0)),
  foreground: new Uint32Array(80).fill(0xaaaaaa),
  background: new Uint32Array(80),
});

test("only what changed is painted, and it is painted once", () => {
  const screen = new TextScreen();
  screen.setRows([row(3, "login:")]);
  expect(screen.takeDirty()).toEqual([3]);
  expect(screen.takeDirty()).toEqual([]);
});

test("a moving cursor dirties the row that it left and the row that it came to", () => {
  const screen = new TextScreen();
  screen.setCursor({ row: 4, column: 7, visible: true });
  expect(screen.takeDirty()).toEqual([0, 4]);
});

test("the text is a line a row without the blanks behind it", () => {
  const screen = new TextScreen();
  screen.resize(80, 3, false);
  screen.setRows([row(0, "SeaBIOS"), row(2, "login:"), row(24, "beyond the screen")]);
  expect(screen.text()).toBe("SeaBIOS\n\nlogin:");
});

test("a smaller mode forgets the rows below it", () => {
  const screen = new TextScreen();
  screen.setRows([row(24, "last")]);
  screen.resize(80, 20, false);
  screen.resize(80, 25, false);
  expect(screen.text().trim()).toBe("");
});
