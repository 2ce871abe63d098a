import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import type { Milestone, MilestoneName, Problem } from "../interface.ts";
import { BootWatch, type BootWatchOptions } from "./boot-watch.ts";

function setUp(options: Partial<BootWatchOptions> = {}) {
  const problems: Problem[] = [];
  const reachedAt = new Map<MilestoneName, number>();
  let list: readonly Milestone[] = [];
  let nowMs = 0;
  const watch = new BootWatch(
    { kind: "direct", append: "root=overlay:nbd=10.86.0.1:kisroot", nowMs: 0, ...options },
    {
      milestones: (milestones) => {
        list = milestones;
      },
      problem: (problem) => problems.push(problem),
    },
  );
  watch.begin();
  const print = (text: string) => {
    for (const character of text) {
      nowMs += 1;
      watch.console(character.charCodeAt(0) & 0xff, nowMs);
      for (const { name, state } of list)
        if (state === "done" && !reachedAt.has(name)) reachedAt.set(name, nowMs);
    }
  };
  const pass = (ms: number) => {
    nowMs += ms;
    if (nowMs >= watch.deadline()) watch.advance(nowMs);
  };
  const find = (name: MilestoneName) => list.find((milestone) => milestone.name === name)!;
  return { watch, problems, reachedAt, print, pass, find, now: () => nowMs };
}

/** What the consoles of our images printed, byte for byte. */
const recorded = (name: string) =>
  readFileSync(new URL(`consoles/${name}.txt`, import.meta.url)).toString("latin1");

describe("a boot that is watched", () => {
  it.each([
    [
      "sysvinit",
      { kernel: "Linux 6.1.0-50-686", "root-mounted": "OverlayOS_rootfs", userspace: "sysvinit 3.06" },
    ],
    [
      "systemd",
      {
        firmware: "SeaBIOS 1.16.2-debian-1.16.2-1",
        initrd: "dracut-059-4",
        userspace: "Debian GNU/Linux 12 (bookworm)",
      },
    ],
  ])("passes each milestone by itself: %s", (image, details) => {
    const { print, reachedAt, find, problems, watch } = setUp();
    print(recorded(image));
    const order: MilestoneName[] = ["kernel", "initrd", "root-mounted", "switch-root", "userspace", "login"];
    const times = order.map((name) => reachedAt.get(name));
    // Each has its own sign: inferred ones would share the time of the one after them.
    expect(new Set(times).size).toBe(order.length);
    expect(times).toEqual([...times].sort((a, b) => a! - b!));
    for (const [name, detail] of Object.entries(details)) {
      expect(find(name as MilestoneName).detail).toBe(detail);
    }
    expect(problems).toEqual([]);
    expect(watch.deadline()).toBe(Number.POSITIVE_INFINITY);
  });

  it("has arrived at the prompt, not at getty's question before an automatic login", () => {
    const { print, pass, find } = setUp();
    print("\r\nnetroot login: ");
    pass(200);
    expect(find("login").state).toBe("waiting");
    print("root (automatic login)\r\n\r\n");
    pass(5000);
    expect(find("login").state).toBe("waiting");
    print("root@netroot:~# ");
    expect(find("login").state).toBe("done");
  });

  it("has arrived at getty's question where nobody answers it, at the time it was asked", () => {
    const { print, pass, find, now } = setUp();
    print("\r\nDebian GNU/Linux 12 netroot ttyS0\r\n\r\nnetroot login: ");
    const askedMs = now();
    pass(10_000);
    expect(find("login")).toMatchObject({ state: "done", atMs: askedMs });
  });

  it("has arrived at other shells' prompts, and not at the emergency shell's", () => {
    for (const prompt of ["[root@fedora ~]# ", "root@box:/var/log# "]) {
      const { print, find } = setUp();
      print(prompt);
      expect(find("login").state).toBe("done");
    }
    for (const prompt of ["dracut:/# ", "sh-5.2# ", "# ", ":/root# ", "root@dracut:/# "]) {
      const { print, find } = setUp();
      print(prompt);
      expect(find("login").state).toBe("waiting");
    }
  });

  it("skips DHCP where the append line has an address", () => {
    const { find } = setUp({ append: "ip=10.86.0.100::10.86.0.1:255.255.255.0:netroot:eth0:none root=x" });
    expect(find("dhcp").state).toBe("skipped");
    expect(setUp({ append: "ip=dhcp" }).find("dhcp").state).toBe("waiting");
  });

  it("reads the screen as long as the serial console is silent", () => {
    const { watch, find, print } = setUp();
    watch.screenLine("SeaBIOS (version 1.16.2-debian-1.16.2-1)".padEnd(80, "\0"), 500);
    expect(find("firmware")).toMatchObject({
      state: "done",
      atMs: 500,
      detail: "SeaBIOS 1.16.2-debian-1.16.2-1",
    });
    print("[    0.000000] Linux version 6.1.0-50-686 (debian…) #1\r\n");
    watch.screenLine("root@netroot:~# ".padEnd(80), 600);
    expect(find("login").state).toBe("waiting");
  });

  it("arrives on the screen where the console is only there", () => {
    const { watch, find } = setUp();
    watch.screenLine("root@netroot:~#".padEnd(80), 600);
    expect(find("login").state).toBe("done");
  });
});

describe("a boot that fails", () => {
  it("says that the initrd gave up, once, with what it said", () => {
    const { print, problems, find } = setUp();
    print("Run /init as init process\r\n");
    print(recorded("export-unknown"));
    expect(problems.map(({ code }) => code)).toEqual(["initrd-fatal", "emergency-shell"]);
    expect(problems[0]!.message).toContain("Failed to setup nbd client for overlay:nbd=10.86.0.1:wrongname");
    expect(find("dhcp").state).toBe("failed");
  });

  it("knows kiwi's complaint about the write layer", () => {
    const { print, problems } = setUp();
    print(recorded("write-layer-unusable"));
    expect(problems[0]).toMatchObject({ code: "initrd-fatal" });
    expect(problems[0]!.advice).toContain("rd.root.overlay.write");
  });

  it("says why the kernel panicked", () => {
    const { print, problems } = setUp();
    print("[    2.1] Kernel panic - not syncing: VFS: Unable to mount root fs on unknown-block(0,0)\r\n");
    expect(problems).toMatchObject([{ code: "kernel-panic", severity: "error" }]);
    expect(problems[0]!.message).toContain("Unable to mount root fs");
  });

  it("still counts a panic after the login, and nothing else that is printed", () => {
    const { print, problems } = setUp();
    print("root@netroot:~# ");
    print("echo dracut: FATAL: no\r\ndracut: FATAL: no\r\n");
    expect(problems).toEqual([]);
    print("[  99.1] Kernel panic - not syncing: sysrq triggered crash\r\n");
    expect(problems).toMatchObject([{ code: "kernel-panic" }]);
  });
});

describe("a boot by firmware that fails", () => {
  // What PXELINUX 6.04 and Debian 12's iPXE print on the screen, with trees that lack something.
  it.each([
    ["Unable to locate configuration file", "menu-missing", "no menu"],
    ["Failed to load ldlinux.c32", "boot-module-missing", "ldlinux.c32"],
    ["Failed to load COM32 file menu.c32", "boot-module-missing", "menu.c32"],
    [
      "Loading boot/linux... failed: No such file or directory",
      "boot-entry-failed",
      "boot/linux: No such file",
    ],
    ["Loading boot/initrd...failed: No such file or directory", "boot-entry-failed", "boot/initrd: No such"],
    ["Booting kernel failed: Invalid argument", "kernel-not-bzimage", "Invalid argument"],
    ["Nothing to boot: No such file or directory (http://ipxe.org/2d03e13b)", "boot-file-unnamed", "no name"],
    ["netroot: the entry Rescue cannot be started.", "boot-entry-failed", "entry Rescue cannot"],
    [
      "This kernel requires an x86-64 CPU, but only detected an i686 CPU.",
      "kernel-64-bit",
      "for an x86-64 processor",
    ],
  ])("says so at the milestone where it stands, once, when the row is whole: %s", (row, code, words) => {
    const { watch, problems, find, pass, now } = setUp({ kind: "pxe" });
    watch.reach("dhcp", now());
    for (let length = 1; length <= row.length; length++) watch.screenLine(row.slice(0, length), now());
    watch.screenLine(row.padEnd(80), now());
    pass(1000);
    watch.screenLine(row.padEnd(80), now());
    pass(1000);
    expect(problems).toMatchObject([{ code, severity: "error", milestone: "download" }]);
    expect(problems[0]!.message).toContain(words);
    expect(problems[0]!.advice).not.toBe("");
    expect(find("download").state).toBe("failed");
  });

  it("says two things where two things went wrong at the same moment, and nothing once the kernel runs", () => {
    const { watch, problems, pass, now, print } = setUp({ kind: "pxe" });
    watch.screenLine("Failed to load COM32 file menu.c32", now());
    watch.screenLine("Loading linux... failed: No such file or directory", now());
    pass(1000);
    expect(problems.map(({ code }) => code)).toEqual(["boot-module-missing", "boot-entry-failed"]);
    print("[    0.000000] Linux version 6.1.0-50-686 (debian…) #1\r\nFailed to load x.c32\r\n");
    pass(1000);
    expect(problems).toHaveLength(2);
  });
});

describe("a boot that stands still", () => {
  it("is said so once, with where it stands, and again after it has moved", () => {
    const { print, pass, problems } = setUp({ stallMs: 60_000 });
    print("Linux version 6.1\r\n");
    pass(59_000);
    expect(problems).toEqual([]);
    pass(2000);
    expect(problems).toMatchObject([{ code: "stalled", severity: "warning", milestone: "initrd" }]);
    expect(problems[0]!.message).toContain("61 seconds");
    pass(600_000);
    expect(problems).toHaveLength(1);
    print("Run /init as init process\r\n");
    pass(61_000);
    expect(problems).toHaveLength(2);
    expect(problems[1]!.milestone).toBe("dhcp");
  });

  it("is none while the console goes on", () => {
    const { print, pass, problems } = setUp({ stallMs: 60_000 });
    for (let round = 0; round < 10; round++) {
      print(".");
      pass(50_000);
    }
    expect(problems).toEqual([]);
  });

  it("is none at the prompt", () => {
    const { print, pass, problems, watch } = setUp();
    print("root@netroot:~# ");
    expect(watch.deadline()).toBe(Number.POSITIVE_INFINITY);
    pass(10_000_000);
    expect(problems).toEqual([]);
  });

  it("is none because of the time in which it was paused", () => {
    const { watch, pass, problems, now } = setUp({ stallMs: 1000 });
    pass(900);
    watch.active(now() + 100_000);
    expect(watch.deadline()).toBe(now() + 101_000);
    expect(problems).toEqual([]);
  });
});
