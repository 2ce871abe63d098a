import { expect, test } from "vitest";
import { readBootMenu } from "./boot-menu.ts";

const codeOf = (text: string) => {
  const menu = readBootMenu(text);
  return menu.kind === "unavailable" ? menu.problem.code : menu.kind;
};

test("a menu with a kernel to boot is loaded", () => {
  expect(codeOf("LABEL Overlay-Boot\n  KERNEL boot/linux\n  APPEND initrd=boot/initrd\n")).toBe("loaded");
});

test("an empty menu, and one without a kernel, end in a sentence", () => {
  expect(codeOf("")).toBe("menu-empty");
  expect(codeOf("LABEL disk\n  LOCALBOOT 0\n")).toBe("menu-empty");
});
