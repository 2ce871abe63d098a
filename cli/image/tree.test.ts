import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { deviations, fileRecord, readRecord } from "./built.ts";
import { addEntry, type CacheEntry, ENTRY, entryImage, findEntry } from "./cache.ts";
import { isUpToDate, layOutTree } from "./tree.ts";

let folder: string;
let cacheDir: string;
let tree: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "netroot-tree-test-"));
  cacheDir = join(folder, "cache");
  tree = join(folder, "boot tree");
});

afterEach(() => rm(folder, { recursive: true, force: true }));

const KEY = "0123456789abcdef";
const kernelParameters = "console=ttyS0";

async function entry(key = KEY, kernel = "kernel"): Promise<CacheEntry> {
  return addEntry(cacheDir, "test", key, async (into) => {
    const files: Record<string, Awaited<ReturnType<typeof fileRecord>>> = {};
    for (const [name, content] of [
      [ENTRY.kernel, kernel],
      [ENTRY.initrd, "initrd"],
      [ENTRY.root, "hsqs root"],
    ] as const) {
      await writeFile(join(into, name), content);
      files[name] = await fileRecord(join(into, name));
    }
    return { format: 1, description: "test", key, versions: { kiwi: "9.24.56-1" }, files };
  });
}

async function plan(from: CacheEntry) {
  const source = join(folder, "pxelinux.0");
  await writeFile(source, "pxelinux");
  return {
    tree,
    image: entryImage(from),
    kernelParameters,
    hostFiles: [{ source, target: "tftpboot/pxelinux.0" }],
  };
}

const read = (path: string) => readFile(join(tree, path), "utf8");

describe("a boot tree laid out from a cache entry", () => {
  it("holds what a boot server needs, and a record of it", async () => {
    const { record, kept } = await layOutTree(await plan(await entry()));
    expect(kept).toEqual([]);
    expect(await read("tftpboot/boot/linux")).toBe("kernel");
    expect(await read("tftpboot/boot/initrd")).toBe("initrd");
    expect(await read("exports/kisroot.squashfs")).toBe("hsqs root");
    expect(await read("tftpboot/pxelinux.0")).toBe("pxelinux");
    expect(await read("tftpboot/pxelinux.cfg/default")).toContain(
      "    append initrd=boot/initrd root=overlay:nbd=10.86.0.1:kisroot console=ttyS0\n",
    );
    expect(await read("nbd-server/config")).toContain(`exportname = ${tree}/exports/kisroot.squashfs\n`);
    expect(await readRecord(tree)).toEqual(record);
    expect(Object.keys(record.files)).toHaveLength(6);
    expect(await deviations(tree, record.files)).toEqual([]);
  });

  it("can be read by a server that runs as another user", async () => {
    await layOutTree(await plan(await entry()));
    expect((await stat(tree)).mode & 0o777).toBe(0o755);
  });

  it("shares no file with the cache that writing to it could change", async () => {
    const from = await entry();
    await layOutTree(await plan(from));
    await writeFile(join(tree, "exports/kisroot.squashfs"), "changed");
    expect(await findEntry(cacheDir, "test", KEY)).toEqual(from);
  });

  it("leaves nothing else behind", async () => {
    await layOutTree(await plan(await entry()));
    await layOutTree(await plan(await entry("fedcba9876543210", "newer")));
    expect((await readdir(folder)).sort()).toEqual(["boot tree", "cache", "pxelinux.0"]);
  });

  it("is brought up to date without touching what else lies there, or what a person edited", async () => {
    await layOutTree(await plan(await entry()));
    await writeFile(join(tree, "exports/mine.ext4"), "mine");
    await writeFile(join(tree, "netroot.toml"), "[listen]\n");
    await writeFile(join(tree, "tftpboot/pxelinux.cfg/default"), "LABEL Mine\n");
    const { kept } = await layOutTree(await plan(await entry("fedcba9876543210", "newer kernel")));
    expect(kept).toEqual(["tftpboot/pxelinux.cfg/default"]);
    expect(await read("tftpboot/boot/linux")).toBe("newer kernel");
    expect(await read("exports/mine.ext4")).toBe("mine");
    expect(await read("netroot.toml")).toBe("[listen]\n");
    expect(await read("tftpboot/pxelinux.cfg/default")).toBe("LABEL Mine\n");
  });

  it("is not made over a folder of someone else's", async () => {
    await mkdir(tree);
    await writeFile(join(tree, "thesis.tex"), "");
    await expect(layOutTree(await plan(await entry()))).rejects.toMatchObject({ code: "foreign-tree" });
    expect(await readdir(tree)).toEqual(["thesis.tex"]);
  });

  it("may be made in an empty folder", async () => {
    await mkdir(tree);
    await layOutTree(await plan(await entry()));
    expect(existsSync(join(tree, "built.json"))).toBe(true);
  });
});

describe("whether a tree is up to date", () => {
  it("it is, right after it was laid out, and after its boot entries were edited", async () => {
    await layOutTree(await plan(await entry()));
    expect(await isUpToDate({ tree, kernelParameters }, KEY)).toBeDefined();
    await writeFile(join(tree, "tftpboot/pxelinux.cfg/default"), "LABEL Mine\n");
    expect(await isUpToDate({ tree, kernelParameters }, KEY)).toBeDefined();
  });

  it("it is not for another key, with other kernel parameters, with a damaged image, or without its boot entries", async () => {
    await layOutTree(await plan(await entry()));
    expect(await isUpToDate({ tree, kernelParameters }, "another")).toBeUndefined();
    expect(await isUpToDate({ tree, kernelParameters: "console=tty0" }, KEY)).toBeUndefined();
    await writeFile(join(tree, "exports/kisroot.squashfs"), "hsqs r00t");
    expect(await isUpToDate({ tree, kernelParameters }, KEY)).toBeUndefined();
    await layOutTree(await plan(await entry()));
    await rm(join(tree, "tftpboot/pxelinux.cfg/default"));
    expect(await isUpToDate({ tree, kernelParameters }, KEY)).toBeUndefined();
  });
});

describe("the cache", () => {
  it("gives back what was added, whole", async () => {
    const added = await entry();
    expect(await findEntry(cacheDir, "test", KEY)).toEqual(added);
    expect(await findEntry(cacheDir, "test", "another")).toBeUndefined();
  });

  it("drops an entry whose file was changed, even to one of the same size", async () => {
    const { folder: at } = await entry();
    await writeFile(join(at, ENTRY.kernel), "kernal");
    expect(await findEntry(cacheDir, "test", KEY)).toBeUndefined();
    expect(existsSync(at)).toBe(false);
  });

  it("drops an entry without a record", async () => {
    const { folder: at } = await entry();
    await rm(join(at, "built.json"));
    expect(await findEntry(cacheDir, "test", KEY)).toBeUndefined();
  });

  it("keeps nothing of a build that failed", async () => {
    const failing = addEntry(cacheDir, "test", KEY, async (into) => {
      await writeFile(join(into, ENTRY.kernel), "half a kern");
      throw new Error("interrupted");
    });
    await expect(failing).rejects.toThrow("interrupted");
    expect(await readdir(join(cacheDir, "images"))).toEqual([]);
  });
});
