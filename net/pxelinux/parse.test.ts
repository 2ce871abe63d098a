import { describe, expect, it } from "vitest";
import { initrdsOf } from "./append.ts";
import type { PxelinuxEntry } from "./config.ts";
import { parsePxelinux } from "./parse.ts";
import { treePath } from "./path.ts";

/** What an entry is where the file says no more of it. */
const PLAIN = {
  prefix: "",
  indent: 0,
  hidden: false,
  sysAppend: 0,
  helpText: "",
  file: "pxelinux.cfg/default",
} as const;
const linux = (file: string): Pick<PxelinuxEntry, "action" | "kernel"> => ({
  action: { kind: "linux", file },
  kernel: file,
});

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
      reports: [],
    });
    expect(config.entries).toEqual([
      {
        ...PLAIN,
        ...linux("boot/linux"),
        label: "Overlay-Boot",
        title: "Overlay root",
        hotkey: "o",
        initrds: ["boot/initrd"],
        append: "initrd=boot/initrd root=overlay:nbd=10.86.0.1:kisroot",
        helpText: "    Reads the root\n      from the network.",
        line: 9,
      },
      {
        ...PLAIN,
        ...linux("boot/linux"),
        label: "plain",
        title: "plain",
        initrds: ["boot/initrd", "boot/extra"],
        append: "console=ttyS0 initrd=boot/initrd,boot/extra",
        line: 17,
      },
      { ...PLAIN, ...linux("bare"), label: "bare", title: "bare", initrds: [], append: "", line: 20 },
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
    expect(config.reports).toEqual([]);
  });

  it("keeps the first of two labels and reports every line of the second", () => {
    const config = parsePxelinux(
      "LABEL a\nKERNEL one\nLABEL a\nKERNEL two\nAPPEND x\nMENU DEFAULT\nTIMEOUT 10",
    );
    expect(config.entries.map((entry) => [entry.kernel, entry.append])).toEqual([["one", ""]]);
    expect(config.reports.map(({ line, why }) => [line, why])).toEqual([
      [3, "the label a is taken: pxelinux.cfg/default has it in line 1"],
      [4, "it belongs to the label above, which does not count"],
      [5, "it belongs to the label above, which does not count"],
      [6, "it belongs to the label above, which does not count"],
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
    expect(parsePxelinux("DEFAULT vesamenu.c32\nLABEL a")).toMatchObject({ ui: "vesamenu.c32", reports: [] });
    expect(parsePxelinux("DEFAULT gone\nLABEL a").reports).toEqual([
      {
        kind: "slip",
        file: "pxelinux.cfg/default",
        line: 1,
        text: "DEFAULT gone",
        why: "there is no label gone: PXELINUX looks for a file of that name",
      },
    ]);
  });

  it.each([
    ["LOCALBOOT 0", { kind: "local", type: "0" }],
    ["COM32 chain", { kind: "com32", file: "chain.c32" }],
    ["KERNEL chain.c32", { kind: "com32", file: "chain.c32" }],
    ["KERNEL other/pxelinux.0", { kind: "pxe", file: "other/pxelinux.0" }],
    ["FDIMAGE disk", { kind: "disk-image", file: "disk" }],
    ["CONFIG other.cfg", { kind: "menu-files", files: ["other.cfg"] }],
    ["KERNEL vesamenu.c32", { kind: "menu-files", files: ["~"] }],
    [
      "KERNEL menu.c32 graphics.conf other.conf",
      { kind: "menu-files", files: ["graphics.conf", "other.conf"] },
    ],
  ])("knows that %s is no Linux kernel", (line, action) => {
    const [entry] = parsePxelinux(`LABEL disk\n  ${line}`).entries;
    expect(entry).toMatchObject({ kernel: undefined, initrds: [], action });
  });

  it("takes the file that LINUX names for a kernel, whatever its ending", () => {
    expect(parsePxelinux("LABEL a\nLINUX memdisk.bin").entries[0]!.kernel).toBe("memdisk.bin");
  });

  it("puts the words behind a kernel's name in front of its options", () => {
    const [entry] = parsePxelinux("LABEL a\nKERNEL linux quiet splash\nAPPEND root=x\nINITRD i").entries;
    expect(entry).toMatchObject({ kernel: "linux", append: "quiet splash root=x initrd=i" });
  });

  it("reports slips with their line and goes on", () => {
    const config = parsePxelinux(
      "KERNEL lost\nTIMEOUT soon\nPROMTP 1\nLABEL\nAPPEND x\nLABEL a\nIPAPPEND 2\nTEXT HELP\nno end",
    );
    expect(config.reports.map(({ line, why }) => [line, why])).toEqual([
      [1, "there is no LABEL before it"],
      [2, "its value is no number; PXELINUX takes it for 0"],
      [3, "there is no keyword PROMTP"],
      [4, "the label has no name"],
      [5, "it belongs to the label above, which does not count"],
      [8, "its ENDTEXT is missing"],
    ]);
    expect(config.entries).toMatchObject([{ label: "a", sysAppend: 2, helpText: "no end" }]);
  });

  it("waits for ever at TIMEOUT 0", () => {
    expect(parsePxelinux("TIMEOUT 30\nTIMEOUT 0").timeoutMs).toBeUndefined();
  });
});

describe("initrdsOf", () => {
  it.each([
    ["quiet initrd=a root=x", ["a"]],
    ["initrd=a,b/c,,d", ["a", "b/c", "d"]],
    ["initrd=a initrd=b", ["a"]],
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
