import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { PxelinuxConfig } from "./config.ts";
import { type ReadText, readPxelinux } from "./read.ts";

// Files of the shapes that distributions ship and administrators write. A folder is a tftpboot/ tree.
const CORPUS = join(import.meta.dirname, "corpus");
const MAIN = "pxelinux.cfg/default";

/** What a file yields, a line a thing. */
interface Yield {
  /** `COMMAND after N ms`, or `waits`. */
  readonly unattended: string;
  readonly selected: string | undefined;
  /** `LABEL: KIND FILE [INITRDS] APPEND` */
  readonly entries: readonly string[];
  /** `LINES KIND: WHY`, with the file in front where it is an included one. */
  readonly reports: readonly string[];
}

function summary(config: PxelinuxConfig): Yield {
  const { unattended, entries } = config;
  const reports = new Map<string, string[]>();
  for (const { file, line, kind, why } of config.reports) {
    const where = file === MAIN ? "" : `${file} `;
    reports.set(`${where}# ${kind}: ${why}`, [
      ...(reports.get(`${where}# ${kind}: ${why}`) ?? []),
      `${line}`,
    ]);
  }
  return {
    unattended: unattended.kind === "wait" ? "waits" : `${unattended.command} after ${unattended.afterMs} ms`,
    selected: config.defaultLabel,
    entries: entries.map(({ label, action, kernel, initrds, append }) =>
      `${label}: ${action.kind}${kernel === undefined ? "" : ` ${kernel} [${initrds}]`} ${append}`.trim(),
    ),
    reports: [...reports].map(([report, lines]) => report.replace("#", lines.join())),
  };
}

function readTree(folder: string): ReadText {
  return async (path) => {
    const file = statSync(join(folder, path), { throwIfNoEntry: false });
    return file?.isFile()
      ? { text: readFileSync(join(folder, path), "utf8") }
      : { why: "the boot tree has no such file" };
  };
}

const EXPECTED: Readonly<Record<string, Yield>> = {
  "append-before-initrd": {
    unattended: "live after 0 ms",
    selected: "live",
    entries: [
      "live: linux live/vmlinuz [live/initrd.img] boot=live fetch=http://10.0.0.2/live.squashfs initrd=live/initrd.img",
    ],
    reports: [],
  },
  "append-dash": {
    unattended: "clears after 0 ms",
    selected: "clears",
    entries: ["clears: linux common/vmlinuz []"],
    reports: [],
  },
  "bare-label": {
    unattended: "memtest after 0 ms",
    selected: "memtest",
    entries: ["memtest: linux memtest []"],
    reports: [],
  },
  "case-of-things": {
    unattended: "Linux after 0 ms",
    selected: "Linux",
    entries: ["linux: linux lower/vmlinuz []", "Linux: linux upper/vmlinuz [] Mixed=Case"],
    reports: [],
  },
  "chain-loaders": {
    unattended: "waits",
    selected: "windows",
    entries: [
      "windows: com32 hd0 1",
      "wds: com32 10.0.0.3::Boot\\x86\\wdsnbp.com -W",
      "ipxe: pxe",
      "floppy: linux memdisk [dos622.img] initrd=dos622.img",
      "loader: boot-sector",
      "bss: bss",
      "image: disk-image",
      "old: comboot",
      "esxi: com32 -c esxi/boot.cfg",
    ],
    reports: [],
  },
  "comments-only": { unattended: "waits", selected: undefined, entries: [], reports: [] },
  "console-settings": {
    unattended: "linux after 0 ms",
    selected: "linux",
    entries: ["linux: linux linux [] console=ttyS0,115200n8"],
    reports: [
      "1 unused: the menu is not shown on a serial line here",
      "2 unused: there is no screen of PXELINUX to switch off here",
      "3 unused: there is no processor to keep awake here",
      "4 unused: there is no prompt to complete labels at",
      "5 unused: the menu is not drawn with fonts of its own here",
      "6 unused: the keys are those of the browser here",
      "7 unused: no modules are loaded here",
      "8 unused: there is no PXE stack to ask again here",
      "9 unused: no cookies are sent here",
      "10 unused: a file that is missing is said here, and nothing is started instead",
    ],
  },
  "default-in-submenu": {
    unattended: "inner after 300 ms",
    selected: "inner",
    entries: [
      "outer: linux outer/linux []",
      "other: linux other/linux []",
      "inner: linux inner/linux [] from=submenu",
    ],
    reports: [],
  },
  "default-with-words": {
    unattended: "linux ks=http://10.0.0.2/ks.cfg after 0 ms",
    selected: "linux",
    entries: ["linux: linux el/vmlinuz [el/initrd.img] initrd=el/initrd.img"],
    reports: [],
  },
  "documented-network-root": {
    unattended: "Overlay-Boot after 0 ms",
    selected: "Overlay-Boot",
    entries: [
      "Overlay-Boot: linux boot/linux [boot/initrd] initrd=boot/initrd root=overlay:nbd=192.168.100.16:kisroot",
    ],
    reports: [],
  },
  "dos-line-ends": {
    unattended: "linux after 0 ms",
    selected: "linux",
    entries: ["linux: linux dos/vmlinuz [dos/initrd.img] initrd=dos/initrd.img quiet"],
    reports: [],
  },
  "duplicate-labels": {
    unattended: "linux after 0 ms",
    selected: "linux",
    entries: ["linux: linux first/vmlinuz [] the=first"],
    reports: [
      "5 slip: the label linux is taken: pxelinux.cfg/default has it in line 2",
      "6,7 slip: it belongs to the label above, which does not count",
    ],
  },
  empty: { unattended: "waits", selected: undefined, entries: [], reports: [] },
  "global-append": {
    unattended: "inherits after 0 ms",
    selected: "inherits",
    entries: [
      "inherits: linux common/vmlinuz [common/initrd] initrd=common/initrd root=/dev/nfs",
      "replaces: linux common/vmlinuz [] single",
      "clears: linux common/vmlinuz []",
    ],
    reports: [],
  },
  "implicit-kernel": {
    unattended: "images/vmlinuz root=/dev/nfs after 0 ms",
    selected: "images/vmlinuz",
    entries: [
      "other: linux other/vmlinuz [] global=yes",
      "images/vmlinuz: linux images/vmlinuz [] root=/dev/nfs",
    ],
    reports: [],
  },
  "include-loop": {
    unattended: "linux after 0 ms",
    selected: "linux",
    entries: ["inner: linux loop/inner []", "linux: linux loop/vmlinuz []"],
    reports: [
      "two.cfg 3 slip: one.cfg includes itself: pxelinux.cfg/default → one.cfg → two.cfg → one.cfg",
      "one.cfg 2 slip: missing.cfg is not included: the boot tree has no such file",
    ],
  },
  "initrd-list": {
    unattended: "live after 0 ms",
    selected: "live",
    entries: [
      "live: linux live/vmlinuz [live/ucode.img,live/initrd.img,live/site.cpio] initrd=live/ucode.img,live/initrd.img,live/site.cpio quiet",
    ],
    reports: [],
  },
  "initrd-twice": {
    unattended: "live after 0 ms",
    selected: "live",
    entries: ["live: linux live/vmlinuz [live/first.img] initrd=live/first.img quiet initrd=live/second.img"],
    reports: [],
  },
  "installer-text": {
    unattended: "linux after 60000 ms",
    selected: "linux",
    entries: [
      "linux: linux vmlinuz [initrd.img] initrd=initrd.img inst.stage2=http://10.0.0.2/os",
      "text: linux vmlinuz [initrd.img] initrd=initrd.img inst.text",
      "rescue: linux vmlinuz [initrd.img] initrd=initrd.img inst.rescue",
    ],
    reports: [
      "2,6,7,8 unused: text files are not shown here",
      "9 unused: it lays out PXELINUX's own screen, and this menu has another one",
      "22 slip: it takes a number of blanks from 0 to 80",
    ],
  },
  "installer-tree": {
    unattended: "waits",
    selected: "install",
    entries: [
      "install: linux debian-installer/linux [debian-installer/initrd.gz] vga=788 initrd=debian-installer/initrd.gz --- quiet",
      "mainmenu: goto",
      "expert: linux debian-installer/linux [debian-installer/initrd.gz] priority=low vga=788 initrd=debian-installer/initrd.gz ---",
      "rescue: linux debian-installer/linux [debian-installer/initrd.gz] vga=788 initrd=debian-installer/initrd.gz rescue/enable=true --- quiet",
      "help: menu-files",
    ],
    reports: [
      "2 unused: no modules are loaded here",
      "debian-installer/boot-screens/menu.cfg 1,2 unused: it lays out PXELINUX's own screen, and this menu has another one",
      "debian-installer/boot-screens/stdmenu.cfg 1,2,3,4 unused: it lays out PXELINUX's own screen, and this menu has another one",
    ],
  },
  ipappend: {
    unattended: "terminal after 0 ms",
    selected: "terminal",
    entries: ["terminal: linux ltsp/vmlinuz [ltsp/initrd.img] ro initrd=ltsp/initrd.img root=/dev/nbd0"],
    reports: [],
  },
  "kernel-with-words": {
    unattended: "xen after 0 ms",
    selected: "xen",
    entries: ["xen: linux xen/vmlinuz [] console=hvc0 earlyprintk=xen root=/dev/nfs"],
    reports: [],
  },
  "linux-keyword": {
    unattended: "tool after 0 ms",
    selected: "tool",
    entries: ["tool: linux tools/memtest.bin [] onepass"],
    reports: [],
  },
  "local-disk-first": {
    unattended: "local after 0 ms",
    selected: "local",
    entries: ["local: local", "rescue: linux rescue/vmlinuz [rescue/initrd] initrd=rescue/initrd rescue"],
    reports: [],
  },
  "menu-colours": {
    unattended: "waits",
    selected: "linux",
    entries: ["linux: linux linux []"],
    reports: [
      "2,3,4,5,6,7,8,9,10,11,12,13,14 unused: it lays out PXELINUX's own screen, and this menu has another one",
    ],
  },
  "menu-default-without-ui": {
    unattended: "first after 300 ms",
    selected: "first",
    entries: ["first: linux first/vmlinuz [] one", "second: linux second/vmlinuz []", "chooser: menu-files"],
    reports: [],
  },
  "menu-headings": {
    unattended: "stable after 300 ms",
    selected: "stable",
    entries: [
      "stable: linux stable/linux [stable/initrd.gz] initrd=stable/initrd.gz",
      "memtest: linux memtest86+ []",
    ],
    reports: [],
  },
  "menu-help": {
    unattended: "waits",
    selected: "install",
    entries: [
      "install: linux install/vmlinuz [install/initrd.img] initrd=install/initrd.img",
      "about: help",
      "prompt: quit",
    ],
    reports: [],
  },
  "menu-hidden": {
    unattended: "live after 1000 ms",
    selected: "live",
    entries: ["live: linux live/vmlinuz [live/initrd.img] initrd=live/initrd.img boot=live"],
    reports: [
      "2 unused: the menu is always in sight here",
      "3 unused: it lays out PXELINUX's own screen, and this menu has another one",
    ],
  },
  "menu-old-style": {
    unattended: "second after 300 ms",
    selected: "second",
    entries: ["first: linux first/vmlinuz []", "second: linux second/vmlinuz [] vga=normal"],
    reports: [],
  },
  "menu-ontimeout": {
    unattended: "night maintenance=yes after 300 ms",
    selected: "day",
    entries: ["day: linux day/vmlinuz []", "night: linux night/vmlinuz [night/initrd] initrd=night/initrd"],
    reports: [],
  },
  "menu-opens-on-heading": {
    unattended: "waits",
    selected: "one",
    entries: ["one: linux one/linux []"],
    reports: [],
  },
  "menu-passwords": {
    unattended: "waits",
    selected: "everyone",
    entries: ["everyone: linux linux []", "staff: linux linux [] staff"],
    reports: [
      "2 unused: no key held down changes what is started here",
      "5,10 unused: this menu asks for no password: whoever can read it can read this file",
    ],
  },
  "menu-shiftkey": {
    unattended: "kiosk after 0 ms",
    selected: "kiosk",
    entries: ["other: linux other/linux []", "kiosk: linux kiosk/linux [] quiet kiosk=1"],
    reports: [],
  },
  "menu-simple": {
    unattended: "second after 300 ms",
    selected: "second",
    entries: [
      "first: linux first/vmlinuz [first/initrd] initrd=first/initrd ro",
      "second: linux second/vmlinuz [second/initrd] initrd=second/initrd ro",
    ],
    reports: [],
  },
  "menu-start": {
    unattended: "inner after 300 ms",
    selected: "inner",
    entries: ["outer: linux outer/linux []", "inner: linux inner/linux [] expert"],
    reports: [],
  },
  "menu-waits": {
    unattended: "waits",
    selected: "one",
    entries: ["one: linux one/linux [one/initrd] initrd=one/initrd"],
    reports: [],
  },
  "no-default": {
    unattended: "waits",
    selected: "one",
    entries: ["one: linux one/linux []", "two: linux two/linux []"],
    reports: [],
  },
  "one-line-default": {
    unattended: "linux initrd=initrd.img root=/dev/nfs ip=dhcp after 0 ms",
    selected: "linux",
    entries: ["linux: linux linux [initrd.img] initrd=initrd.img root=/dev/nfs ip=dhcp"],
    reports: [],
  },
  "other-config": {
    unattended: "waits",
    selected: "debian",
    entries: ["debian: menu-files", "themed: menu-files graphics.conf tools.cfg", "again: menu-files"],
    reports: [],
  },
  outside: {
    unattended: "up after 0 ms",
    selected: "up",
    entries: [
      "up: linux ../../boot/vmlinuz [/../initrd.img] initrd=/../initrd.img",
      "elsewhere: linux http://10.0.0.2/vmlinuz [10.0.0.3::initrd.img] initrd=10.0.0.3::initrd.img",
      "inside: linux ::/deep/../vmlinuz []",
    ],
    reports: [
      "3 slip: ../../boot/vmlinuz lies outside the boot tree",
      "4 slip: /../initrd.img lies outside the boot tree",
      "6 slip: http://10.0.0.2/vmlinuz is on another server, and files come from this one only",
      "7 slip: 10.0.0.3::initrd.img is on another server, and files come from this one only",
    ],
  },
  "prompt-and-timeout": {
    unattended: "linux after 60000 ms",
    selected: "linux",
    entries: ["linux: linux vmlinuz [initrd.img] initrd=initrd.img"],
    reports: [],
  },
  "prompt-short": {
    unattended: "install priority=critical after 500 ms",
    selected: "local",
    entries: [
      "local: local",
      "install: linux installer/linux [installer/initrd.gz] initrd=installer/initrd.gz --- quiet",
    ],
    reports: [],
  },
  slips: {
    unattended: "waits",
    selected: "linux",
    entries: ["linux: linux linux []"],
    reports: [
      "1 slip: there is no keyword DEFUALT",
      "2 slip: there is no LABEL before it",
      "3,10 slip: its value is no number; PXELINUX takes it for 0",
      "4 slip: there is nothing behind MENU",
      "5 slip: there is no MENU TITEL",
      "6 slip: there is no MENU BEGIN before it",
      "7 slip: a label is one word: it is linux",
      "8,9 slip: it names no file",
      "11 slip: it takes a number of blanks from 0 to 80",
      "12 slip: its ENDTEXT is missing",
    ],
  },
  submenus: {
    unattended: "local after 300 ms",
    selected: "local",
    entries: [
      "local: local",
      "back: goto",
      "bookworm: linux debian/bookworm/linux [debian/bookworm/initrd.gz] initrd=debian/bookworm/initrd.gz",
      "trixie: linux debian/trixie/linux [debian/trixie/initrd.gz] initrd=debian/trixie/initrd.gz",
      "tools: goto",
    ],
    reports: [],
  },
  "sysappend-hex": {
    unattended: "node after 0 ms",
    selected: "node",
    entries: [
      "node: linux node/vmlinuz [node/initrd] quiet initrd=node/initrd",
      "plain: linux node/vmlinuz []",
    ],
    reports: [],
  },
  "tagged-includes": {
    unattended: "stay after 300 ms",
    selected: "stay",
    entries: [
      "stay: linux now/vmlinuz [common/initrd] initrd=common/initrd quiet",
      "rescue32: linux rescue/vmlinuz [common/initrd] initrd=common/initrd quiet",
      "rescue-nfs: linux rescue/vmlinuz [rescue/nfs.img] initrd=rescue/nfs.img",
      "memtest: linux memtest []",
    ],
    reports: [],
  },
  "thin-clients": {
    unattended: "ltsp-fat after 500 ms",
    selected: "ltsp",
    entries: [
      "ltsp: linux ltsp/vmlinuz [ltsp/initrd.img] ro initrd=ltsp/initrd.img init=/sbin/init-ltsp quiet",
      "ltsp-fat: linux ltsp/vmlinuz-fat [ltsp/initrd-fat.img] ro initrd=ltsp/initrd-fat.img fat=1",
    ],
    reports: [],
  },
  "total-timeout": {
    unattended: "linux after 1000 ms",
    selected: "linux",
    entries: ["linux: linux total/vmlinuz [] waited"],
    reports: [],
  },
};

describe("the corpus", () => {
  const names = readdirSync(CORPUS).map((name) => name.replace(/\.cfg$/, ""));

  it("is all in the table", () => {
    expect(names.toSorted()).toEqual(Object.keys(EXPECTED).toSorted());
    expect(names.length).toBeGreaterThanOrEqual(40);
  });

  it.each(Object.entries(EXPECTED))("%s", async (name, expected) => {
    const folder = join(CORPUS, name);
    const isTree = statSync(folder, { throwIfNoEntry: false })?.isDirectory() === true;
    const text = readFileSync(isTree ? join(folder, MAIN) : `${folder}.cfg`, "utf8");
    const config = await readPxelinux({ name: MAIN, text }, isTree ? readTree(folder) : readTree("/nowhere"));
    expect(summary(config)).toEqual(expected);
  });
});
