import { describe, expect, it } from "vitest";
import type { MenuItem, PxelinuxConfig } from "./config.ts";
import { parsePxelinux } from "./parse.ts";

/** A menu as its lines are seen, submenus in brackets behind their line. */
function shown(config: PxelinuxConfig, menu = 0): unknown[] {
  const line = (item: MenuItem): unknown => {
    switch (item.kind) {
      case "entry":
        return config.entries[item.entry]!.title;
      case "submenu":
        return [item.title, ...shown(config, item.menu)];
      case "disabled":
        return `(${item.title})`;
      case "separator":
        return "--";
    }
  };
  return config.menus[menu]!.items.map(line);
}

describe("a menu", () => {
  it("has submenus, headings and separators where the file has them", () => {
    const config = parsePxelinux(`
      LABEL a
      MENU BEGIN rescue
        MENU LABEL ^Rescue systems
        LABEL b
        MENU BEGIN deeper
          MENU TITLE Deeper still
          LABEL c
        MENU END
        LABEL d
      MENU END
      MENU SEPARATOR
      LABEL -
        MENU LABEL ^Local:
        MENU DISABLE
      LABEL e
        MENU INDENT 2
      LABEL -
        MENU DISABLED`);
    expect(config.reports).toEqual([]);
    expect(shown(config)).toEqual([
      "a",
      ["Rescue systems", "b", ["Deeper still", "c"], "d"],
      "--",
      "(Local:)",
      "e",
      "(-)",
    ]);
    expect(config.entries.map(({ label }) => label)).toEqual(["a", "b", "c", "d", "e"]);
    expect(config.menus.map(({ title }) => title)).toEqual(["", "Rescue systems", "Deeper still"]);
    expect(config.entries.at(-1)!.indent).toBe(2);
  });

  it("keeps a hidden entry out of sight, and bootable by its name", () => {
    const config = parsePxelinux("DEFAULT b\nLABEL a\nLABEL b\nMENU HIDE");
    expect(shown(config)).toEqual(["a"]);
    expect(config.defaultLabel).toBe("b");
  });

  it("leads to other menus, and back", () => {
    const config = parsePxelinux(`
      LABEL go
        MENU GOTO two
      MENU BEGIN one
        LABEL up
          MENU EXIT
        LABEL across
          MENU EXIT two
        LABEL top
          MENU GOTO .top
      MENU END
      MENU BEGIN two
      MENU END
      LABEL shell
        MENU QUIT
      LABEL about
        MENU HELP about.txt`);
    const actions = Object.fromEntries(config.entries.map(({ label, action }) => [label, action]));
    expect(actions).toEqual({
      go: { kind: "goto", menu: 2 },
      up: { kind: "goto", menu: 0 },
      across: { kind: "goto", menu: 2 },
      top: { kind: "goto", menu: 0 },
      shell: { kind: "quit" },
      about: { kind: "help", file: "about.txt" },
    });
    expect(config.reports).toEqual([]);
  });

  it("disables an entry that leads nowhere, and says so", () => {
    const config = parsePxelinux("LABEL a\nLABEL lost\nMENU GOTO gone");
    expect(shown(config)).toEqual(["a", "(lost)"]);
    expect(config.reports).toMatchObject([{ kind: "slip", line: 3, why: "there is no menu gone" }]);
  });

  it("gives a key to the first entry that asks for it", () => {
    const config = parsePxelinux(
      "LABEL a\nMENU LABEL ^One\nLABEL b\nMENU LABEL Als^o\nLABEL c\nMENU LABEL Thr^ee",
    );
    expect(config.entries.map(({ title, hotkey }) => [title, hotkey])).toEqual([
      ["One", "o"],
      ["Also", undefined],
      ["Three", "e"],
    ]);
  });

  it("hands its time-out and ONTIMEOUT down to the submenus that come after them", () => {
    const config = parsePxelinux(
      "MENU BEGIN x\nMENU END\nTIMEOUT 30\nONTIMEOUT a\nMENU BEGIN y\nTIMEOUT 50\nMENU END\nMENU BEGIN z\nMENU END",
    );
    expect(config.menus.map(({ timeoutMs, onTimeout }) => [timeoutMs, onTimeout])).toEqual([
      [3000, "a"],
      [undefined, undefined],
      [5000, "a"],
      [3000, "a"],
    ]);
  });

  it("resolves the global APPEND where a label ends", () => {
    const config = parsePxelinux(
      "APPEND one\nLABEL a\nMENU SEPARATOR\nAPPEND two\nLABEL b\nLABEL c\nAPPEND -\nLABEL d\nAPPEND own",
    );
    expect(config.entries.map(({ append }) => append)).toEqual(["one", "two", "", "own"]);
  });

  it("says where MENU BEGIN and MENU END do not match", () => {
    expect(parsePxelinux("MENU END\nMENU BEGIN a\nMENU BEGIN b\nMENU END").reports).toMatchObject([
      { line: 1, why: "there is no MENU BEGIN before it" },
      { line: 2, why: "its MENU END is missing" },
    ]);
  });

  it("reports what a disabled label would boot", () => {
    const config = parsePxelinux(
      "LABEL off\nMENU LABEL Off\nMENU DISABLE\nKERNEL linux\nTEXT HELP\nwhy\nENDTEXT",
    );
    expect(config.reports).toMatchObject([{ kind: "unused", line: 4, why: "the entry off is disabled" }]);
    expect(config.menus[0].items).toMatchObject([{ kind: "disabled", title: "Off", helpText: "why" }]);
  });

  it("knows passwords, and says that it asks for none", () => {
    const config = parsePxelinux("MENU MASTER PASSWD $4$x$y$\nLABEL a\nMENU PASSWD secret");
    expect(config.entries[0]!.password).toBe("secret");
    expect(config.reports.map(({ kind, line }) => [kind, line])).toEqual([
      ["unused", 1],
      ["unused", 3],
    ]);
  });
});

describe("when nobody touches a key", () => {
  const boots = (label: string, afterMs: number, more = "") =>
    expect.objectContaining({ kind: "boot", label, afterMs, more });
  const LABELS = "\nLABEL a\nLABEL b\nLABEL c\nMENU DEFAULT\n";

  it.each([
    ["DEFAULT is run at once", "DEFAULT b\nTIMEOUT 50", boots("b", 0)],
    ["the words behind it are added", "DEFAULT b single quiet", boots("b", 0, "single quiet")],
    ["the prompt waits for its TIMEOUT", "DEFAULT b\nPROMPT 1\nTIMEOUT 50", boots("b", 5000)],
    [
      "ONTIMEOUT goes before DEFAULT",
      "DEFAULT b\nPROMPT 1\nTIMEOUT 50\nONTIMEOUT a x",
      boots("a", 5000, "x"),
    ],
    ["TOTALTIMEOUT ends the wait too", "DEFAULT b\nPROMPT 1\nTIMEOUT 50\nTOTALTIMEOUT 20", boots("b", 2000)],
    ["the prompt waits for ever without one", "DEFAULT b\nPROMPT 1", { kind: "wait" }],
    ["there is nothing to run without DEFAULT", "TIMEOUT 50", { kind: "wait" }],
    ["UI brings the menu up, and DEFAULT its entry", "UI menu.c32\nDEFAULT b\nTIMEOUT 50", boots("b", 5000)],
    ["DEFAULT menu.c32 leaves it to MENU DEFAULT", "DEFAULT vesamenu.c32\nTIMEOUT 50", boots("c", 5000)],
    ["a menu without TIMEOUT waits", "UI menu.c32\nDEFAULT b", { kind: "wait" }],
    [
      "MENU SHIFTKEY does not show the menu",
      "UI menu.c32\nMENU SHIFTKEY\nDEFAULT b\nTIMEOUT 50",
      boots("b", 0),
    ],
    ["a menu runs its ONTIMEOUT", "UI menu.c32\nDEFAULT b\nTIMEOUT 50\nONTIMEOUT a", boots("a", 5000)],
    [
      "UI can be another program",
      "UI hdt.c32\nDEFAULT b",
      { kind: "boot", command: "hdt.c32", more: "", afterMs: 0 },
    ],
  ])("%s", (_, head, expected) => {
    expect(parsePxelinux(head + LABELS).unattended).toEqual(expected);
  });

  it("a menu that opens on a heading waits: the bar has to be moved, and that stops the clock", () => {
    const menu = "UI menu.c32\nTIMEOUT 50\nLABEL -\nMENU DISABLE\nLABEL a";
    expect(parsePxelinux(menu)).toMatchObject({ unattended: { kind: "wait" }, defaultLabel: "a" });
  });

  it("a default in a submenu opens that submenu", () => {
    const config = parsePxelinux(
      "UI menu.c32\nDEFAULT b\nTIMEOUT 10\nLABEL a\nMENU BEGIN s\nLABEL x\nLABEL b\nMENU END",
    );
    expect(config).toMatchObject({
      startMenu: 1,
      defaultLabel: "b",
      unattended: { label: "b", afterMs: 1000 },
    });
    expect(config.menus[1]!.defaultItem).toBe(1);
  });
});
