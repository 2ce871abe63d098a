import { expect, test } from "vitest";
import { WayOut } from "./way-out.ts";

test("Ctrl+Alt, let go with nothing between, is the way out, in either order", () => {
  const way = new WayOut();
  way.keyDown("AltLeft");
  way.keyDown("ControlLeft");
  expect(way.keyUp("AltLeft")).toBe(true);
  expect(way.keyUp("ControlLeft")).toBe(false);
});

test("Ctrl+Alt with another key, and AltGr, are not", () => {
  const way = new WayOut();
  for (const code of ["ControlLeft", "AltLeft", "Delete"]) way.keyDown(code);
  expect(["Delete", "AltLeft", "ControlLeft"].some((code) => way.keyUp(code))).toBe(false);
  for (const code of ["ControlLeft", "AltRight"]) way.keyDown(code);
  expect(["AltRight", "ControlLeft"].some((code) => way.keyUp(code))).toBe(false);
});
