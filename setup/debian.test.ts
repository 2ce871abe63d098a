import { mkdir, mkdtemp, rm, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { ensure, listsAgeMs, missing, parseInstalled, sets } from "./debian.mjs";

/** A machine that remembers what was done to it. */
function machine(state: {
  installed?: string[];
  root?: boolean;
  programs?: string[];
  fresh?: boolean;
  lists?: boolean;
  exits?: number[];
}) {
  const ran: string[] = [];
  const said: string[] = [];
  const exits = [...(state.exits ?? [])];
  return {
    ran,
    said,
    isRoot: () => state.root ?? true,
    has: (command: string) => (state.programs ?? ["apt-get", "dpkg-query"]).includes(command),
    installed: () => state.installed ?? [],
    listsAreFresh: () => state.fresh ?? true,
    hasLists: () => state.lists ?? true,
    run: (command: string[]) => {
      ran.push(command.join(" "));
      return exits.shift() ?? 0;
    },
    say: (line: string) => void said.push(line),
  };
}

const all = Object.values(sets).flatMap((set) => [...set.packages]);

describe("the package sets", () => {
  it("never install dracut here, which would remove initramfs-tools", () => {
    expect(all.filter((name) => name.startsWith("dracut"))).toEqual([]);
  });

  it.each(Object.entries(sets))("name no package twice: %s", (_name, { packages }) => {
    expect(new Set(packages).size).toBe(packages.length);
  });

  it("say what is missing, in order", () => {
    const on = machine({ installed: ["seabios", "pxelinux"] });
    expect(missing("serve", on)).toEqual(["nbd-server", "ipxe-qemu", "syslinux-common"]);
  });

  it("refuse a name that is none", () => {
    expect(() => missing("toString", machine({}))).toThrow('There is no package set "toString"');
  });
});

describe("what dpkg-query answers", () => {
  it("counts as installed only when it is wholly installed", () => {
    expect(parseInstalled("kiwi\tinstalled\nrsync\tnot-installed\nxz-utils\thalf-configured\n")).toEqual([
      "kiwi",
    ]);
  });
});

describe("installing", () => {
  it("does nothing and says nothing where all is there", () => {
    const on = machine({ installed: all });
    ensure(["serve", "image", "test"], on);
    expect(on.ran).toEqual([]);
    expect(on.said).toEqual([]);
  });

  it("fetches apt's lists for the image even where all packages are there", () => {
    const on = machine({ installed: all, lists: false });
    ensure(["serve"], on);
    expect(on.ran).toEqual([]);
    ensure(["image"], on);
    expect(on.ran).toEqual(["apt-get update -qq"]);
  });

  it("says in one line what it installs and why, then installs just that", () => {
    const on = machine({ installed: all.filter((name) => name !== "kiwi" && name !== "chromium") });
    ensure(["serve", "image", "test"], on);
    expect(on.said).toEqual([
      `netroot: installing Debian packages with apt: kiwi (${sets.image.why}); chromium (${sets.test.why})`,
    ]);
    expect(on.ran).toEqual(["apt-get install -y -qq --no-install-recommends kiwi chromium"]);
  });

  it("updates apt's lists first when they are old", () => {
    const on = machine({ installed: all.filter((name) => name !== "kiwi"), fresh: false });
    ensure(["image"], on);
    expect(on.ran).toEqual(["apt-get update -qq", "apt-get install -y -qq --no-install-recommends kiwi"]);
  });

  it("updates them once when the installation fails on lists that looked fresh, and tries again", () => {
    const on = machine({ installed: all.filter((name) => name !== "kiwi"), exits: [100, 0, 0] });
    ensure(["image"], on);
    expect(on.ran).toHaveLength(3);
    expect(on.ran[1]).toBe("apt-get update -qq");
  });

  it("uses sudo where it is not root", () => {
    const on = machine({
      installed: all.filter((name) => name !== "kiwi"),
      root: false,
      programs: ["apt-get", "dpkg-query", "sudo"],
    });
    ensure(["image"], on);
    expect(on.ran).toEqual([
      "sudo --preserve-env=DEBIAN_FRONTEND,LC_ALL apt-get install -y -qq --no-install-recommends kiwi",
    ]);
  });

  it("ends in a sentence that names the packages where it cannot install them", () => {
    const withoutKiwi = all.filter((name) => name !== "kiwi");
    expect(() => ensure(["image"], machine({ installed: withoutKiwi, root: false }))).toThrow(
      /no sudo.*Install these by hand, then try again: kiwi$/,
    );
    expect(() => ensure(["serve"], machine({ programs: [] }))).toThrow(/no apt.*by hand.*nbd-server seabios/);
    const failing = machine({ installed: withoutKiwi, fresh: false, exits: [0, 100] });
    expect(() => ensure(["image"], failing)).toThrow(/exit code 100.*by hand.*kiwi$/);
  });
});

describe("the age of apt's lists", () => {
  it("is endless where there are none, and counted from the last update", async () => {
    const folder = await mkdtemp(join(tmpdir(), "netroot-lists-test-"));
    try {
      expect(listsAgeMs(join(folder, "none"), 0)).toBe(Infinity);
      expect(listsAgeMs(folder, 0)).toBe(Infinity);
      await writeFile(join(folder, "mirror_dists_bookworm_main_binary-amd64_Packages.lz4"), "");
      await mkdir(join(folder, "partial"));
      await utimes(join(folder, "partial"), 2000, 2000);
      await utimes(folder, 1000, 1000);
      expect(listsAgeMs(folder, 2_060_000)).toBe(60_000);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });
});
