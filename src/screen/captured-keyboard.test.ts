import { expect, test } from "vitest";
import { CapturedKeyboard, CTRL_ALT_DELETE } from "./captured-keyboard.ts";
import { CP437 } from "./cp437.ts";

test("a key sends its make and its break code", () => {
  const keyboard = new CapturedKeyboard();
  expect(keyboard.keyDown("KeyA").scancodes).toEqual([0x1e]);
  expect(keyboard.keyUp("KeyA").scancodes).toEqual([0x9e]);
  expect(keyboard.keyDown("ArrowUp").scancodes).toEqual([0xe0, 0x48]);
  expect(keyboard.keyUp("ArrowUp").scancodes).toEqual([0xe0, 0xc8]);
});

test("Ctrl+Alt gives the keyboard back and leaves no key down", () => {
  const keyboard = new CapturedKeyboard();
  keyboard.keyDown("ControlLeft");
  keyboard.keyDown("AltLeft");
  expect(keyboard.keyUp("AltLeft")).toEqual({ scancodes: [0xb8, 0x9d], release: true });
  expect(keyboard.letGo()).toEqual([]);
});

test("Ctrl+Alt+F2 is a key for the machine, not the way out", () => {
  const keyboard = new CapturedKeyboard();
  for (const code of ["ControlLeft", "AltLeft", "F2"]) keyboard.keyDown(code);
  for (const code of ["F2", "AltLeft", "ControlLeft"]) expect(keyboard.keyUp(code).release).toBe(false);
});

test("what is still down is let go", () => {
  const keyboard = new CapturedKeyboard();
  keyboard.keyDown("ShiftLeft");
  keyboard.keyDown("KeyB");
  expect(keyboard.letGo()).toEqual([0xaa, 0xb0]);
  expect(keyboard.keyUp("KeyB").scancodes).toEqual([]);
});

test("keys that a PC does not have mean nothing", () => {
  expect(new CapturedKeyboard().keyDown("BrowserBack").scancodes).toEqual([]);
});

test("Ctrl+Alt+Del presses three keys and lets them go", () => {
  expect(CTRL_ALT_DELETE).toEqual([0x1d, 0x38, 0xe0, 0x53, 0xe0, 0xd3, 0xb8, 0x9d]);
});

test("code page 437 has 256 glyphs in their places", () => {
  expect(CP437).toHaveLength(256);
  expect(CP437[0x41]).toBe("A");
  expect(CP437[0x01]).toBe("☺");
  expect(CP437[0x84]).toBe("ä");
  expect(CP437[0xb3]).toBe("│");
  expect(CP437[0xdb]).toBe("█");
  expect(CP437[0xe1]).toBe("ß");
  expect(CP437[0xfe]).toBe("■");
});
