import { expect, test } from "vitest";
import { parsePxelinux } from "../../net/pxelinux/parse.ts";
import { entryLines } from "./entry-lines.ts";

const shown = (text: string, wanted?: string) =>
  entryLines(parsePxelinux(text), wanted).map((line) =>
    line.kind === "separator" ? "--" : [line.group, line.text, line.label],
  );

test("submenus are groups, headings and separators are for reading", () => {
  const menu = `
    LABEL -
      MENU LABEL Installers:
      MENU DISABLE
    LABEL a
      MENU INDENT 2
    MENU BEGIN
      MENU TITLE Debian
      LABEL back
        MENU EXIT
      LABEL b
        MENU LABEL Stable
      MENU BEGIN
        MENU TITLE Daily
        LABEL c
      MENU END
    MENU END
    MENU SEPARATOR
    LABEL d`;
  expect(shown(menu)).toEqual([
    ["", "Installers:", undefined],
    ["", "\u00a0\u00a0a", "a"],
    ["Debian", "b · Stable", "b"],
    ["Debian › Daily", "c", "c"],
    "--",
    ["", "d", "d"],
  ]);
});

test("what cannot be started here says why", () => {
  const menu =
    "LABEL a\nLOCALBOOT 0\nLABEL b\nCOM32 hdt.c32\nLABEL c\nMENU HELP x.txt\nLABEL d\nCONFIG other.cfg";
  expect(shown(menu)).toEqual([
    ["", "a (the local disk: this machine has none)", undefined],
    ["", "b (hdt.c32: only Linux kernels are started here)", undefined],
    ["", "c (a text to read)", undefined],
    ["", "d", "d"],
  ]);
});

test("a hidden entry is shown when it is the one that is wanted", () => {
  const menu = "LABEL a\nLABEL b\nMENU HIDE";
  expect(shown(menu)).toHaveLength(1);
  expect(shown(menu, "b")).toEqual([
    ["", "a", "a"],
    ["", "b", "b"],
  ]);
});
