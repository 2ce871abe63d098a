import { expect, test } from "vitest";
import { CapturedKeyboard, CTRL_ALT_DELETE } from "./captured-keyboard.ts";
import { CP437 } from "./cp437.ts";
import { breakCode, makeCode } from "./scancodes.ts";
import { usKey } from "./us-layout.ts";

const named = (code: string, key: string = code, altGraph = false) => ({ code, key, altGraph });

/** What a PC with a US keyboard layout reads from scan codes: letters in the case of its Shift, others by their names. */
function typed(scancodes: readonly number[]): string {
  const words = new Map<string, string>(
    ["ShiftLeft", "ShiftRight", "ControlLeft", "AltLeft", ...CODES].flatMap((code): [string, string][] => [
      [makeCode(code)!.join(), code],
      [breakCode(code)!.join(), `-${code}`],
    ]),
  );
  const down = new Set<string>();
  let text = "";
  for (let at = 0; at < scancodes.length; at++) {
    const bytes = scancodes[at] === 0xe0 ? [0xe0, scancodes[++at]!] : [scancodes[at]!];
    const word = words.get(bytes.join())!;
    if (word.startsWith("-")) down.delete(word.slice(1));
    else {
      down.add(word);
      const shift = down.has("ShiftLeft") || down.has("ShiftRight");
      const control = down.has("ControlLeft") ? "^" : "";
      const character = CHARACTERS.find((each) => usKey(each)!.code === word && usKey(each)!.shift === shift);
      if (character !== undefined) text += `${control}${down.has("AltLeft") ? "M-" : ""}${character}`;
    }
  }
  return text;
}
const CHARACTERS = Array.from({ length: 95 }, (_, index) => String.fromCharCode(32 + index));
const CODES = [...new Set(CHARACTERS.map((character) => usKey(character)!.code))];

test("each printable ASCII character has its key, and Shift as a US keyboard has it", () => {
  for (const character of CHARACTERS)
    expect(typed(new CapturedKeyboard().keyDown(named("Anywhere", character)).scancodes)).toBe(character);
});

test("a German keyboard types what is printed on it", () => {
  const keyboard = new CapturedKeyboard();
  const codes: number[] = [];
  const press = (...keys: readonly (readonly [code: string, key: string, altGraph?: boolean])[]) => {
    for (const [code, key, altGraph] of keys)
      codes.push(...keyboard.keyDown(named(code, key, altGraph)).scancodes);
    for (const [code] of keys.toReversed()) codes.push(...keyboard.keyUp(code).scancodes);
  };
  press(["KeyY", "z"]);
  press(["KeyZ", "y"]);
  press(["ShiftLeft", "Shift"], ["Digit7", "/"]);
  press(["ShiftRight", "Shift"], ["KeyY", "Z"]);
  press(["Slash", "-"]);
  press(["ShiftLeft", "Shift"], ["Digit0", "="]);
  // As Linux and macOS report AltGr, and as Windows does.
  press(["AltRight", "AltGraph", true], ["KeyQ", "@", true]);
  press(["ControlLeft", "Control"], ["AltRight", "AltGraph", true], ["IntlBackslash", "|", true]);
  press(["CapsLock", "CapsLock"]);
  press(["KeyA", "A"]);
  press(["Quote", "ä"]);
  press(["ControlLeft", "Control"], ["KeyY", "z"]);
  press(["AltLeft", "Alt"], ["KeyX", "x"]);
  expect(typed(codes)).toBe("zy/Z-=@|A^zM-x");
  expect(keyboard.letGo()).toEqual([]);
});

test("a French keyboard types its digits with Shift, and its signs without", () => {
  const keyboard = new CapturedKeyboard();
  const codes = [
    ...keyboard.keyDown(named("Digit1", "&")).scancodes,
    ...keyboard.keyUp("Digit1").scancodes,
    ...keyboard.keyDown(named("ShiftLeft", "Shift")).scancodes,
    ...keyboard.keyDown(named("Digit1", "1")).scancodes,
    ...keyboard.keyDown(named("Digit1", "1")).scancodes,
    ...keyboard.keyUp("Digit1").scancodes,
    ...keyboard.keyDown(named("KeyQ", "A")).scancodes,
    ...keyboard.keyUp("KeyQ").scancodes,
    ...keyboard.keyUp("ShiftLeft").scancodes,
    ...keyboard.keyDown(named("Semicolon", "m")).scancodes,
  ];
  expect(typed(codes)).toBe("&11Am");
});

test("by place, the guest's own layout decides", () => {
  const keyboard = new CapturedKeyboard();
  keyboard.meaning = "place";
  expect(keyboard.keyDown(named("KeyY", "z")).scancodes).toEqual([0x15]);
  expect(keyboard.keyDown(named("Quote", "ä")).scancodes).toEqual([0x28]);
  expect(keyboard.keyDown(named("CapsLock")).scancodes).toEqual([0x3a]);
});

test("a key sends its make and its break code", () => {
  const keyboard = new CapturedKeyboard();
  expect(keyboard.keyDown(named("KeyA", "a")).scancodes).toEqual([0x1e]);
  expect(keyboard.keyUp("KeyA").scancodes).toEqual([0x9e]);
  expect(keyboard.keyDown(named("ArrowUp")).scancodes).toEqual([0xe0, 0x48]);
  expect(keyboard.keyUp("ArrowUp").scancodes).toEqual([0xe0, 0xc8]);
});

test("Ctrl+Alt gives the keyboard back and leaves no key down", () => {
  const keyboard = new CapturedKeyboard();
  keyboard.keyDown(named("ControlLeft"));
  keyboard.keyDown(named("AltLeft"));
  expect(keyboard.keyUp("AltLeft")).toEqual({ scancodes: [0xb8, 0x9d], release: true });
  expect(keyboard.letGo()).toEqual([]);
});

test("Ctrl+Alt+F2 is a key for the machine, not the way out", () => {
  const keyboard = new CapturedKeyboard();
  for (const code of ["ControlLeft", "AltLeft", "F2"]) keyboard.keyDown(named(code));
  for (const code of ["F2", "AltLeft", "ControlLeft"]) expect(keyboard.keyUp(code).release).toBe(false);
});

test("what is still down is let go", () => {
  const keyboard = new CapturedKeyboard();
  keyboard.keyDown(named("ShiftLeft"));
  keyboard.keyDown(named("KeyB", "B"));
  expect(keyboard.letGo()).toEqual([0xaa, 0xb0]);
  expect(keyboard.keyUp("KeyB").scancodes).toEqual([]);
});

test("keys that a PC does not have mean nothing", () => {
  expect(new CapturedKeyboard().keyDown(named("BrowserBack")).scancodes).toEqual([]);
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
