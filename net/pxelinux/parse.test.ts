import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { initrdsOf } from "./append.ts";
import { parsePxelinux } from "./parse.ts";
import { treePath } from "./path.ts";

const DOCUMENTED = `
# the boot menu of the network-boot documentation
UI menu.c32
DEFAULT Overlay-Boot
TIMEOUT 50
menu title Diskless machines
APPEND console=ttyS0

LABEL Overlay-Boot
  MENU LABEL ^Overlay root
  kernel boot/linux
  append initrd=boot/initrd root=overlay:nbd=10.86.0.1:kisroot
  TEXT HELP
    Reads the root
      from the network.
  ENDTEXT
LABEL plain
  LINUX boot/linux
  INITRD boot/initrd,boot/extra
label bare
  append -
`;

describe("parsePxelinux", () => {
  it("reads the documented menu", () => {
    const config = parsePxelinux(DOCUMENTED);
    expect(config).toMatchObject({
      defaultLabel: "Overlay-Boot",
      title: "Diskless machines",
      ui: "menu.c32",
      timeoutMs: 5000,
      prompt: false,
      unknown: [],
    });
    expect(config.entries).toEqual([
      {
        label: "Overlay-Boot",
        title: "Overlay root",
        hotkey: "o",
        kernel: "boot/linux",
        initrds: ["boot/initrd"],
        append: "initrd=boot/initrd root=overlay:nbd=10.86.0.1:kisroot",
        sysAppend: 0,
        helpText: "    Reads the root\n      from the network.",
        line: 9,
      },
      {
        label: "plain",
        title: "plain",
        kernel: "boot/linux",
        initrds: ["boot/initrd", "boot/extra"],
        append: "console=ttyS0",
        sysAppend: 0,
        helpText: "",
        line: 17,
      },
      {
        label: "bare",
        title: "bare",
        kernel: "bare",
        initrds: [],
        append: "",
        sysAppend: 0,
        helpText: "",
        line: 20,
      },
    ]);
  });

  it("does not care about the case of keywords, but does about that of labels", () => {
    const config = parsePxelinux("Default B\nLaBeL b\nkErNeL one\nlabel B\nLinux two");
    expect(config.entries.map((entry) => [entry.label, entry.kernel])).toEqual([
      ["b", "one"],
      ["B", "two"],
    ]);
    expect(config.defaultLabel).toBe("B");
  });

  it("reads files with CRLF line ends, tabs and a byte order mark", () => {
    const config = parsePxelinux("\uFEFFLABEL\tone\r\n\tKERNEL\tboot/linux  \r\n");
    expect(config.entries[0]).toMatchObject({ label: "one", kernel: "boot/linux" });
    expect(config.unknown).toEqual([]);
  });

  it("keeps the first of two labels and reports every line of the second", () => {
    const config = parsePxelinux(
      "LABEL a\nKERNEL one\nLABEL a\nKERNEL two\nAPPEND x\nMENU DEFAULT\nTIMEOUT 10",
    );
    expect(config.entries.map((entry) => [entry.kernel, entry.append])).toEqual([["one", ""]]);
    expect(config.unknown.map(({ line, why }) => [line, why])).toEqual([
      [3, "the label a is taken"],
      [4, "it belongs to a label that is taken"],
      [5, "it belongs to a label that is taken"],
      [6, "it belongs to a label that is taken"],
    ]);
    expect(config.timeoutMs).toBe(1000);
  });

  it.each([
    ["a label that DEFAULT names", "DEFAULT b\nLABEL a\nMENU DEFAULT\nLABEL b", "b"],
    ["MENU DEFAULT, where DEFAULT names the menu", "DEFAULT menu.c32\nLABEL a\nLABEL b\nMENU DEFAULT", "b"],
    ["the first entry, where nothing is said", "LABEL a\nLABEL b", "a"],
    ["the first entry, where DEFAULT names nothing", "DEFAULT c\nLABEL a\nLABEL b", "a"],
    ["nothing, where there is nothing", "TIMEOUT 10", undefined],
  ])("takes as the default %s", (_, text, label) => {
    expect(parsePxelinux(text).defaultLabel).toBe(label);
  });

  it("takes DEFAULT menu.c32 for the menu, and reports a DEFAULT that names no label", () => {
    expect(parsePxelinux("DEFAULT vesamenu.c32\nLABEL a")).toMatchObject({ ui: "vesamenu.c32", unknown: [] });
    expect(parsePxelinux("DEFAULT gone\nLABEL a").unknown).toEqual([
      { line: 1, text: "DEFAULT gone", why: "there is no label gone" },
    ]);
  });

  it.each(["LOCALBOOT 0", "COM32 chain.c32", "KERNEL chain.c32", "CONFIG other.cfg"])(
    "offers no kernel for %s, and says so",
    (line) => {
      const config = parsePxelinux(`LABEL disk\n  ${line}`);
      expect(config.entries[0]!.kernel).toBeUndefined();
      expect(config.unknown).toEqual([
        { line: 2, text: line, why: "it boots something other than a Linux kernel" },
      ]);
    },
  );

  it("reports slips with their line and goes on", () => {
    const config = parsePxelinux(
      "KERNEL lost\nTIMEOUT soon\nPROMTP 1\nLABEL\nAPPEND x\nLABEL a\nIPAPPEND 2\nTEXT HELP\nno end",
    );
    expect(config.unknown.map(({ line, why }) => [line, why])).toEqual([
      [1, "there is no LABEL before it"],
      [2, "its value is no number"],
      [3, "not supported"],
      [4, "the label has no name"],
      [5, "it belongs to a label that is taken"],
      [8, "its ENDTEXT is missing"],
    ]);
    expect(config.entries).toMatchObject([{ label: "a", sysAppend: 2, helpText: "no end" }]);
  });

  it("waits for ever at TIMEOUT 0", () => {
    expect(parsePxelinux("TIMEOUT 30\nTIMEOUT 0").timeoutMs).toBeUndefined();
  });

  it("never throws, keeps labels unique, and every line it names is one of the file", () => {
    const word = fc.constantFrom(
      ..."LABEL KERNEL LINUX APPEND INITRD MENU DEFAULT TITLE TEXT HELP ENDTEXT UI TIMEOUT - a b ^ 7".split(
        " ",
      ),
      ..."LOCALBOOT IPAPPEND SAY # initrd=a,b \t \r x.c32".split(" "),
    );
    const line = fc.oneof(
      fc.array(word, { maxLength: 4 }).map((words) => words.join(" ")),
      fc.string(),
    );
    fc.assert(
      fc.property(fc.array(line, { maxLength: 30 }), (lines) => {
        const text = lines.join("\n");
        const config = parsePxelinux(text);
        const labels = config.entries.map((entry) => entry.label);
        expect(new Set(labels).size).toBe(labels.length);
        expect(labels.length === 0 ? undefined : labels).toEqual(
          config.defaultLabel === undefined ? undefined : expect.arrayContaining([config.defaultLabel]),
        );
        const source = text.split(/\r?\n/);
        for (const { line, text } of config.unknown) expect(source[line - 1]).toContain(text);
      }),
      { numRuns: 500 },
    );
  });
});

describe("initrdsOf", () => {
  it.each([
    ["quiet initrd=a root=x", ["a"]],
    ["initrd=a,b/c,,d", ["a", "b/c", "d"]],
    ["initrd=a initrd=b", ["b"]],
    ["rdinitrd=a", []],
    ["", []],
  ])("finds in %j", (append, files) => {
    expect(initrdsOf(append)).toEqual(files);
  });
});

describe("treePath", () => {
  it.each([
    ["boot/linux", "", "boot/linux"],
    ["/boot//./linux", "sub", "boot/linux"],
    ["::boot/linux", "sub", "boot/linux"],
    ["linux", "sub/", "sub/linux"],
    ["../linux", "sub", "linux"],
  ])("finds %s under %j", (name, prefix, path) => {
    expect(treePath(name, prefix)).toEqual({ ok: true, path });
  });

  it.each([
    ["", "empty"],
    ["/", "empty"],
    ["../linux", "outside"],
    ["boot/../../etc/passwd", "outside"],
    ["tftp://10.0.0.1/linux", "elsewhere"],
    ["10.0.0.1::linux", "elsewhere"],
  ])("refuses %j", (name, reason) => {
    expect(treePath(name)).toEqual({ ok: false, reason });
  });
});
