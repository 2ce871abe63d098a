import { mkdir, mkdtemp, rename, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { parseConfiguration } from "../config/configuration.ts";
import { silentLogger } from "../log.ts";
import { freeLoopbackPort } from "../servers/listening.ts";
import { type Exports, NOT_INSTALLED, type OpenExportsOptions, openExports } from "./open-exports.ts";
import { startNbdkit } from "./testing/nbdkit.ts";
import { run, until } from "./testing/programs.ts";

let tree: string;
const closers: (() => unknown)[] = [];

beforeEach(async () => {
  tree = await mkdtemp(join(tmpdir(), "netroot-tree-"));
  await mkdir(join(tree, "exports"));
});
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
  await rm(tree, { recursive: true, force: true });
});

async function open(toml = "", more: Partial<OpenExportsOptions> = {}): Promise<Exports> {
  const configuration = parseConfiguration(toml, "netroot.toml");
  const exports = await openExports({ tree, configuration, logger: silentLogger, ...more });
  closers.push(() => exports.close());
  return exports;
}

function image(name: string, text: string): Promise<void> {
  return writeFile(join(tree, "exports", name), text);
}

async function serverConfig(text: string): Promise<void> {
  await mkdir(join(tree, "nbd-server"), { recursive: true });
  await writeFile(join(tree, "nbd-server/config"), text);
}

/** The first bytes of each export that is there. */
async function heads(exports: Exports): Promise<Record<string, string>> {
  const all = exports.status().map(async ({ name }) => {
    const bytes = await exports.hub.get(name)?.read(0, 4);
    return [name, bytes === undefined ? "" : Buffer.from(bytes).toString()] as const;
  });
  return Object.fromEntries(await Promise.all(all));
}

const states = (exports: Exports) =>
  Object.fromEntries(
    exports.status().map(({ name, state, detail }) => [name, state === "ready" ? "ready" : detail]),
  );

describe("the images of a tree", () => {
  it("are each an export of their name, on the real nbd-server, without any configuration", async () => {
    await image("kisroot.squashfs", "root....");
    await image("two words.v2.ext4", "data....");
    await image("100%s.img", "perc....");
    await image("kisroot.squashfs.sha256", "no image");
    await image(".hidden", "no image");
    const exports = await open();
    expect(await heads(exports)).toEqual({ kisroot: "root", "two words.v2": "data", "100%s": "perc" });
    expect(exports.status()[1]).toMatchObject({
      name: "kisroot",
      sizeBytes: 8,
      readOnly: true,
      state: "ready",
      reads: 1,
      readBytes: 4,
      description: `nbd-server on 127.0.0.1:${exports.server!.port}`,
    });
    expect(exports.notices).toEqual([]);
  });

  it("are served by netroot itself where no nbd-server is installed, and that is said", async () => {
    await image("kisroot.squashfs", "root....");
    const exports = await open("", { useNbdServer: false });
    expect(await heads(exports)).toEqual({ kisroot: "root" });
    expect(exports.status()[0]).toMatchObject({ state: "ready", notice: NOT_INSTALLED });
    expect(exports.notices).toEqual([{ code: "nbd-server-missing", message: NOT_INSTALLED }]);
  });

  it("that are empty are said to be, and the others are served all the same", async () => {
    await image("good.img", "good....");
    await image("none.img", "");
    const exports = await open();
    const sentence = `The export "none" cannot be served: ${join(tree, "exports/none.img")} is empty.`;
    expect(states(exports)).toEqual({ good: "ready", none: sentence });
    expect(exports.hub.names()).toEqual(["good"]);
  });

  it("that have the same name are refused, with the names that there are", async () => {
    await image("a.img", "1");
    await image("kisroot.ext4", "2");
    await image("kisroot.squashfs", "3");
    await expect(open()).rejects.toThrow(
      `${join(tree, "exports")}: kisroot.ext4 and kisroot.squashfs would both be the export "kisroot": rename or remove one of them. The names there are: a, kisroot.`,
    );
  });

  it("may be missing: then it is said that no machine finds a root", async () => {
    await rm(join(tree, "exports"), { recursive: true });
    expect((await open()).notices).toMatchObject([{ code: "no-exports" }]);
  });
});

describe("the tree's own nbd-server/config", () => {
  it("makes exports, on a port of ours, and what it says of them holds", async () => {
    await image("kisroot.squashfs", "root....");
    const file = join(tree, "exports/kisroot.squashfs");
    await serverConfig(
      `[generic]\n port = 10809\n listenaddr = 0.0.0.0\n unixsock = /nowhere/x\n# comment\n[kisroot]\n exportname = ${file}\n[other]\nexportname=${file}\nfilesize = 4\n`,
    );
    const exports = await open();
    expect(await heads(exports)).toEqual({ kisroot: "root", other: "root" });
    expect(exports.status().map(({ sizeBytes }) => sizeBytes)).toEqual([8, 4]);
    expect(exports.server!.port).not.toBe(10809);
    // The section does not say so, but nothing is written unless netroot.toml allows it.
    expect(exports.hub.get("kisroot")!.readOnly).toBe(true);
  });

  it("is understood in a tree that was moved", async () => {
    await image("kisroot.squashfs", "root....");
    await serverConfig(
      `[generic]\n[kisroot]\nexportname = ${join(tree, "exports/kisroot.squashfs")}\nreadonly = true\n`,
    );
    const moved = `${tree}-moved`;
    await rename(tree, moved);
    tree = moved;
    expect(await heads(await open())).toEqual({ kisroot: "root" });
  });

  it("that nbd-server refuses ends in a sentence with nbd-server's own words", async () => {
    await serverConfig("[generic]\nmax_threads = many\n[kisroot]\nreadonly = true\n");
    const exports = await open();
    const [notice] = exports.notices;
    expect(notice).toMatchObject({ code: "nbd-server-refuses" });
    expect(notice?.message).toMatch(/^nbd-server does not start: Could not parse config file: .*max_threads/);
    expect(states(exports)).toEqual({ kisroot: notice?.message });
    expect(exports.server).toBeUndefined();
  });
});

describe("[[export]] in netroot.toml", () => {
  it("takes an image from anywhere, which may be writable, and then all are warned", async () => {
    await writeFile(join(tree, "disk.raw"), "........");
    const exports = await open(`[[export]]\nname = "disk"\nimage = "disk.raw"\nreadonly = false`);
    const disk = exports.hub.get("disk")!;
    await disk.write?.(2, Buffer.from("abc"));
    await disk.flush?.();
    expect(Buffer.from(await disk.read(0, 8)).toString()).toBe("..abc...");
    expect(exports.notices).toMatchObject([{ code: "export-writable" }]);
  });

  it("settles who has a name, and says who has not", async () => {
    await image("kisroot.ext4", "ext4");
    await image("kisroot.squashfs", "sqsh");
    const exports = await open(`[[export]]\nname = "kisroot"\nimage = "exports/kisroot.ext4"`);
    expect(await heads(exports)).toEqual({ kisroot: "ext4" });
    expect(exports.notices).toEqual([
      {
        code: "export-shadowed",
        message: 'kisroot.squashfs is not served: netroot.toml says what the export "kisroot" is.',
      },
    ]);
  });

  it("takes an export from a server elsewhere, beside our own", async () => {
    await image("kisroot.squashfs", "root....");
    const nbdkit = await startNbdkit(["data", 'data="far away"']);
    closers.push(() => nbdkit.close());
    const exports = await open(`[[export]]\nname = "far"\nserver = "${nbdkit.url}"`);
    expect(await heads(exports)).toEqual({ kisroot: "root", far: "far " });
    expect(exports.status()[1]?.description).toBe(`NBD server at 127.0.0.1:${nbdkit.port}`);
  });

  it("waits for a server that comes later", async () => {
    const port = await freeLoopbackPort();
    const exports = await open(`[[export]]\nname = "far"\nserver = "nbd://127.0.0.1:${port}/"`);
    expect(exports.status()[0]).toMatchObject({
      state: "connecting",
      detail: expect.stringContaining("nothing listens there"),
    });
    expect(exports.hub.names()).toEqual([]);
    const nbdkit = await startNbdkit(["data", 'data="late"'], port);
    closers.push(() => nbdkit.close());
    await until(() => exports.status()[0]?.state === "ready");
    expect(await heads(exports)).toEqual({ far: "late" });
  });

  it("given twice is refused", async () => {
    const entry = `[[export]]\nname = "a"\nserver = "nbd://127.0.0.1:1/"\n`;
    await expect(open(entry + entry)).rejects.toThrow(
      `netroot.toml: [[export]] number 1 and [[export]] number 2 would both be the export "a"`,
    );
  });
});

describe("while exports are open", () => {
  it("an image that changed its size behind a server that died is served no more, in a sentence", async () => {
    await image("kisroot.squashfs", "root....");
    const exports = await open();
    const { server } = exports;
    if (server?.state.name !== "running") throw new Error("nbd-server does not run");
    await truncate(join(tree, "exports/kisroot.squashfs"), 4096);
    process.kill(-server.state.pid, "SIGKILL");
    await until(() => exports.status()[0]?.state === "failed");
    const { detail } = exports.status()[0]!;
    expect(detail).toContain('The export "kisroot" changed its size from 8 to 4096 bytes');
    await expect(exports.hub.get("kisroot")!.read(0, 4)).rejects.toMatchObject({ code: "ESHUTDOWN" });
  });

  it("closing leaves no server and no file behind", async () => {
    await image("kisroot.squashfs", "root....");
    const exports = await open();
    const { port, state } = exports.server!;
    if (state.name !== "running") throw new Error("nbd-server does not run");
    await exports.close();
    expect((await run("nbdinfo", `nbd://127.0.0.1:${port}/kisroot`)).stderr).toContain("Connection refused");
    expect((await run("pgrep", "-s", String(state.pid), "-r", "R,S,D")).stdout).toBe("");
    await expect(exports.hub.get("kisroot")!.read(0, 4)).rejects.toMatchObject({ code: "ESHUTDOWN" });
  });
});
