import { expect, test } from "vitest";
import { parsePxelinux } from "../../net/pxelinux/parse.ts";
import { judgeMenu } from "./boot-menu.ts";

const codeOf = (text: string) => {
  const menu = judgeMenu(parsePxelinux(text));
  return menu.kind === "unavailable" ? menu.problem.code : menu.kind;
};

test("a menu with a kernel to boot is loaded", () => {
  expect(codeOf("LABEL Overlay-Boot\n  KERNEL boot/linux\n  APPEND initrd=boot/initrd\n")).toBe("loaded");
});

test("an empty menu, and one without a kernel, end in a sentence", () => {
  expect(codeOf("")).toBe("menu-empty");
  expect(codeOf("LABEL disk\n  LOCALBOOT 0\n")).toBe("menu-empty");
});

test("an empty menu with a slip names its line", () => {
  const menu = judgeMenu(parsePxelinux("\nLABLE linux\n"));
  expect(menu.kind === "unavailable" && menu.problem.advice).toBe(
    "Look at line 2 of tftpboot/pxelinux.cfg/default: there is no keyword LABLE.",
  );
});

test("a menu whose entries lead to other menus is loaded", () => {
  expect(codeOf("LABEL more\n  CONFIG more.cfg\n")).toBe("loaded");
});
