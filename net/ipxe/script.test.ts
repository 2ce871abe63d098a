import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { PxelinuxConfig, PxelinuxEntry } from "../pxelinux/config.ts";
import { splitWords } from "../pxelinux/line.ts";
import { parsePxelinux } from "../pxelinux/parse.ts";
import { treePath } from "../pxelinux/path.ts";
import { ipxeScript } from "./script.ts";
import { type IpxeEnd, IpxeInterpreter, type IpxeMenu, type IpxeWorld } from "./testing/interpreter.ts";

const SOURCE = "pxelinux.cfg/default";
const MACHINE = {
  "netX/ip": "10.86.0.100",
  "next-server": "10.86.0.1",
  "netX/gateway": "10.86.0.1",
  "netX/netmask": "255.255.255.0",
  "netX/mac:hexhyp": "02-00-00-00-00-64",
};

function scriptOf(text: string, options: { sharedSegment?: boolean } = {}): string {
  return ipxeScript(parsePxelinux(text), { source: SOURCE, ...options });
}

function run(script: string, world: IpxeWorld = {}): { end: IpxeEnd; said: string[] } {
  const machine = new IpxeInterpreter(script, { settings: MACHINE, ...world });
  return { end: machine.run(), said: machine.said };
}

/** What a person does who wants this entry. */
function wanting(config: PxelinuxConfig, index: number): IpxeWorld {
  const label = config.entries[index]!.label;
  const menuOf = config.menus.findIndex(({ items }) =>
    items.some((item) => item.kind === "entry" && item.entry === index),
  );
  const onTheWay = new Set<string>([`entry-${index}`]);
  for (let at: number | undefined = menuOf; at !== undefined && at >= 0; at = config.menus[at]!.parent)
    onTheWay.add(`menu-${at}`);
  let shown = 0;
  const choose = (menu: IpxeMenu) => {
    if (++shown > 20) throw new Error("There is no way to this entry.");
    const { items } = menu;
    return items.findLast((item) => onTheWay.has(item.label))?.label ?? "esc";
  };
  return { keyAtPrompt: true, choose, typed: [label] };
}

const DOCUMENTED = `UI menu.c32
DEFAULT Overlay-Boot
TIMEOUT 50
MENU TITLE Diskless machines
LABEL Overlay-Boot
  MENU LABEL ^Overlay root
  kernel boot/linux
  append initrd=boot/initrd,boot/extra/initrd root=overlay:nbd=10.86.0.1:kisroot quiet
MENU SEPARATOR
LABEL rescue
  MENU LABEL ^Rescue
  LINUX /boot/linux
  APPEND single
  IPAPPEND 3
LABEL disk
  LOCALBOOT 0
`;

describe("the iPXE script of a menu", () => {
  it("shows its titles, keys, default and time-out", () => {
    const menus: IpxeMenu[] = [];
    const { end } = run(scriptOf(DOCUMENTED), { choose: (menu) => void menus.push(menu) });
    expect(menus).toEqual([
      {
        title: "Diskless machines",
        items: [
          { label: "entry-0", text: "Overlay root", key: "o" },
          { label: "entry-1", text: "Rescue", key: "r" },
          { label: "entry-2", text: "disk" },
        ],
        selected: "entry-0",
        timeoutMs: 5000,
      },
    ]);
    expect(end).toEqual({
      kind: "boot",
      kernel: "/boot/linux",
      commandLine: "initrd=initrd initrd=initrd-2 root=overlay:nbd=10.86.0.1:kisroot quiet",
      initrds: [
        { name: "initrd", uri: "/boot/initrd" },
        { name: "initrd-2", uri: "/boot/extra/initrd" },
      ],
    });
  });

  it("adds what IPAPPEND adds, and says what it cannot add", () => {
    const script = scriptOf(DOCUMENTED);
    expect(run(script, { choose: () => "entry-1" }).end).toMatchObject({
      commandLine: "single ip=10.86.0.100:10.86.0.1:10.86.0.1:255.255.255.0 BOOTIF=01-02-00-00-00-00-64",
    });
    expect(scriptOf("LABEL a\nLINUX l\nSYSAPPEND 6\n")).toContain(
      "# pxelinux.cfg/default, line 1: SYSAPPEND cannot add SYSUUID under iPXE.",
    );
  });

  it("leaves for the local disk", () => {
    expect(run(scriptOf(DOCUMENTED), { choose: () => "entry-2" }).end).toEqual({ kind: "exit" });
  });

  it("boots at once where the file does, unless a key is pressed", () => {
    const text = "DEFAULT one\nLABEL one\nLINUX a\nLABEL two\nLINUX b\n";
    expect(run(scriptOf(text)).end).toMatchObject({ kernel: "/a" });
    const choose = (menu: IpxeMenu) => {
      expect(menu).toMatchObject({ selected: "entry-0", timeoutMs: 0 });
      return "entry-1";
    };
    expect(run(scriptOf(text), { keyAtPrompt: true, choose }).end).toMatchObject({ kernel: "/b" });
  });

  it("asks nothing where there is one entry and no time-out", () => {
    const script = scriptOf("DEFAULT one\nLABEL one\nLINUX a\nAPPEND x\n");
    expect(script).not.toMatch(/^(prompt --timeout|choose)/m);
    expect(run(script).end).toMatchObject({ kernel: "/a", commandLine: "x" });
  });

  it("keeps a hidden menu hidden for as long as the file says", () => {
    const text = "UI menu.c32\nMENU HIDDEN\nTIMEOUT 30\nLABEL one\nLINUX a\nLABEL two\nLINUX b\n";
    expect(scriptOf(text)).toMatch(/^prompt --timeout 3000 /m);
    expect(run(scriptOf(text)).end).toMatchObject({ kernel: "/a" });
  });

  it("waits for ever where the file does", () => {
    const text = "UI menu.c32\nLABEL one\nLINUX a\nLABEL two\nLINUX b\n";
    expect(() => run(scriptOf(text))).toThrow("waits for ever");
  });

  it("runs what the file runs when the time is up: ONTIMEOUT, words behind the default, a file's own name", () => {
    const menu = "UI menu.c32\nTIMEOUT 10\nONTIMEOUT two\nLABEL one\nLINUX a\nLABEL two\nLINUX b\n";
    expect(run(scriptOf(menu)).end).toMatchObject({ kernel: "/b" });
    const words = "DEFAULT one single\nLABEL one\nLINUX a\nAPPEND quiet\nLABEL two\nLINUX b\n";
    expect(run(scriptOf(words)).end).toMatchObject({ kernel: "/a", commandLine: "quiet single" });
    const file = "PROMPT 1\nTIMEOUT 10\nONTIMEOUT boot/other debug\nLABEL one\nLINUX a\n";
    expect(run(scriptOf(file)).end).toMatchObject({ kernel: "/boot/other", commandLine: "debug" });
  });

  it("goes into menus of the menu and back by Esc, and to hidden entries by their names", () => {
    const text = `UI menu.c32
MENU BEGIN tools
  MENU TITLE Tools
  LABEL memtest
    LINUX memtest
  LABEL back
    MENU EXIT
MENU END
LABEL secret
  MENU HIDE
  LINUX s
LABEL plain
  LINUX p
`;
    const titles: string[] = [];
    const choices = ["menu-1", "esc", "menu-1", "entry-1", "esc"];
    const choose = (menu: IpxeMenu) => {
      titles.push(menu.title);
      return choices.shift();
    };
    const { end, said } = run(scriptOf(text), { choose, typed: ["nonsense", "secret"] });
    expect(titles).toEqual(["Boot menu", "Tools", "Boot menu", "Tools", "Boot menu"]);
    expect(said).toContain("There is no entry nonsense.");
    expect(end).toMatchObject({ kernel: "/s" });
  });

  it("goes on to other config files, and to the programs that iPXE can run", () => {
    const text = `PROMPT 1
LABEL other
  CONFIG pxelinux.cfg/other menu
LABEL both
  KERNEL vesamenu.c32
  APPEND graphics.conf dir/b.cfg
LABEL first
  KERNEL menu.c32
  APPEND ~
LABEL next
  KERNEL gpxe/next.0
`;
    const to = (label: string) => run(scriptOf(text), { choose: () => label }).end;
    expect(to("entry-0")).toEqual({ kind: "chain", uri: "/netroot.ipxe/pxelinux.cfg/other" });
    expect(to("entry-1")).toEqual({ kind: "chain", uri: "/netroot.ipxe/graphics.conf,/dir/b.cfg" });
    expect(to("entry-2")).toEqual({ kind: "chain", uri: "/netroot.ipxe" });
    expect(to("entry-3")).toEqual({ kind: "chain", uri: "/gpxe/next.0" });
  });

  it("leases addresses to machines that share a segment", () => {
    const text = "DEFAULT a\nLABEL a\nLINUX l\nAPPEND ip=10.86.0.100::10.86.0.1:255.255.255.0::eth0:none x\n";
    expect(run(scriptOf(text, { sharedSegment: true })).end).toMatchObject({ commandLine: "ip=dhcp x" });
  });
});

describe("an entry that iPXE cannot start", () => {
  it.each([
    ["LINUX ../../etc/shadow", "../../etc/shadow lies outside the boot tree"],
    ["LINUX l\nINITRD tftp://10.0.0.1/i", "tftp://10.0.0.1/i is on another server"],
    ["COM32 hdt.c32", "hdt.c32 is a program for SYSLINUX"],
    [`LINUX l\nAPPEND a=$${"{net0/mac}"}`, "put a setting in place"],
    ["LINUX l\nMENU PASSWD geheim", "MENU PASSWD guards it"],
  ])("says why, with its file and line: %s", (lines, why) => {
    const script = scriptOf(`UI menu.c32\nLABEL ok\nLINUX ok\nLABEL bad\n${lines}\n`);
    const menus: IpxeMenu[] = [];
    const choices = ["entry-1", "entry-0"];
    const { end, said } = run(script, {
      choose: (menu) => {
        menus.push(menu);
        return choices.shift();
      },
    });
    expect(said.at(-2)).toBe("netroot: the entry bad cannot be started.");
    expect(said.at(-1)).toContain("netroot: pxelinux.cfg/default, line 4: ");
    expect(said.at(-1)).toContain(why);
    // Back in the menu, which now waits.
    expect(menus).toHaveLength(2);
    expect(menus[1]!.timeoutMs).toBe(0);
    expect(end).toMatchObject({ kernel: "/ok" });
  });

  it("because its kernel is none says so before it is loaded", () => {
    const config = parsePxelinux("DEFAULT a\nLABEL a\nLINUX boot/page\nLABEL b\nLINUX b\n");
    const unfit = new Map([["boot/page", "it looks like a web page"]]);
    const { said } = run(ipxeScript(config, { source: SOURCE, unfit }), { choose: () => "entry-1" });
    expect(said.at(-1)).toBe(
      "netroot: pxelinux.cfg/default, line 2: boot/page is no Linux kernel: it looks like a web page.",
    );
  });

  it("because a file is missing leads back as well, and not into a circle", () => {
    const text = "DEFAULT one\nLABEL one\nLINUX a\nINITRD gone\nLABEL two\nLINUX b\n";
    const { end, said } = run(scriptOf(text), { has: (uri) => uri !== "/gone", choose: () => "entry-1" });
    expect(said.slice(-2)).toEqual([
      "netroot: the entry one cannot be started.",
      "netroot: gone, see above.",
    ]);
    expect(end).toMatchObject({ kernel: "/b" });
  });

  it("is still told about where there is no entry at all", () => {
    expect(run(scriptOf("SAY hello\n")).said.join("\n")).toContain("has no LABEL");
  });
});

it("a line that has no effect is a comment with its file and line", () => {
  const script = scriptOf("DEFAULT a\nLABEL a\n  KERNLE l\n  LINUX l\nF1 help.txt\n");
  expect(script).toContain("# pxelinux.cfg/default, line 3: KERNLE l – there is no keyword KERNLE");
  expect(script).toContain("# pxelinux.cfg/default, line 5: F1 help.txt – ");
});

const nasty = fc.string({
  unit: fc.constantFrom("$", ..."{}&|#\\;\"'%-:!=<>ab ä\u0001"),
  maxLength: 24,
});
const word = nasty.map((text) => splitWords(text).join("")).filter((text) => text !== "");
const setting = `$${"{net0/mac}"}`;
const operators = fc.constantFrom(
  "&&",
  "||",
  ";",
  "#",
  "\\",
  "--",
  "-x",
  "initrd=a/x,b/x",
  "initrd=../../y",
  setting,
);
const line = fc
  .array(fc.oneof({ weight: 3, arbitrary: word }, operators), { maxLength: 6 })
  .map((words) => words.join(" "))
  .filter((text) => text !== "-");
const file = fc.stringMatching(/^[a-z#$%&{};' -]{1,8}$/).map((name) => `boot/${splitWords(name).join("_")}x`);

interface HostileEntry {
  readonly label: string;
  readonly title: string;
  readonly append: string;
  readonly kernel: string;
  readonly hidden: boolean;
}
const hostile = fc.uniqueArray(
  fc.record<HostileEntry>({ label: word, title: nasty, append: line, kernel: file, hidden: fc.boolean() }),
  { minLength: 1, maxLength: 5, selector: ({ label }) => label },
);

function write(entries: readonly HostileEntry[], inMenu: boolean): string {
  return [
    "UI menu.c32",
    `MENU TITLE #&& ${setting} \\`,
    ...(inMenu ? ["MENU BEGIN"] : []),
    ...entries.flatMap(({ label, title, append, kernel, hidden }) => [
      `LABEL ${label}`,
      `MENU LABEL ${title}`,
      ...(hidden ? ["MENU HIDE"] : []),
      `LINUX ${kernel}`,
      `APPEND ${append}`,
    ]),
  ].join("\n");
}

/** What the kernel shall be given. */
function commandLineOf({ append, initrds }: PxelinuxEntry): string {
  let seen = false;
  return splitWords(append)
    .flatMap((one) => {
      if (!one.startsWith("initrd=")) return [one];
      const names = seen ? [] : initrds.map(() => "initrd=*");
      seen = true;
      return names;
    })
    .join(" ");
}

const hasSetting = (text: string) => splitWords(text).some((one) => /\$\{[^}]*\}/.test(one));

it("says nothing but what the file says, whatever stands in it", () => {
  fc.assert(
    fc.property(hostile, fc.boolean(), (entries, inMenu) => {
      const config = parsePxelinux(write(entries, inMenu));
      const script = ipxeScript(config, { source: SOURCE });
      for (const [index, entry] of config.entries.entries()) {
        // A name that iPXE would change cannot be typed.
        if (entry.hidden && hasSetting(entry.label)) continue;
        const startable = !hasSetting(entry.append) && entry.initrds.every((name) => treePath(name).ok);
        const { settings, choose, ...world } = { settings: MACHINE, ...wanting(config, index) };
        let chosen = false;
        const machine = new IpxeInterpreter(script, {
          ...world,
          settings,
          choose: (menu) => {
            if (chosen) throw new Error("back in the menu");
            const label = choose?.(menu);
            chosen = label === `entry-${index}`;
            const item = menu.items.find((one) => one.label === label);
            if (chosen && !hasSetting(entry.title))
              expect(item?.text).toBe(splitWords(entry.title).join(" ") || entry.label);
            return label;
          },
        });
        if (!startable) {
          expect(() => machine.run()).toThrow();
          expect(machine.said.join("\n")).toContain(
            "cannot be started.\nnetroot: pxelinux.cfg/default, line ",
          );
          continue;
        }
        const end = machine.run();
        if (end.kind !== "boot") throw new Error(`It ends with ${end.kind}.`);
        expect(decodeURIComponent(end.kernel)).toBe(`/${entry.kernel}`);
        expect(end.commandLine.replace(/(^| )initrd=[\w.-]+/g, "$1initrd=*")).toBe(commandLineOf(entry));
        expect(new Set(end.initrds.map(({ name }) => name)).size).toBe(entry.initrds.length);
        expect(end.initrds.map(({ uri }) => decodeURIComponent(uri))).toEqual(
          entry.initrds.map((name) => `/${(treePath(name) as { path: string }).path}`),
        );
      }
    }),
    { numRuns: 300 },
  );
});
