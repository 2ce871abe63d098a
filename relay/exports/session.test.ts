import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { ExportHub } from "../../net/export/hub.ts";
import { NbdError } from "../../net/nbd/constants.ts";
import { parseConfiguration } from "../config/configuration.ts";
import { silentLogger } from "../log.ts";
import { openNbdExport } from "./nbd-export.ts";
import { type Exports, openExports } from "./open-exports.ts";
import { openClient } from "./testing/client.ts";
import { listenNbd, type NbdFront } from "./testing/nbd-front.ts";
import { startNbdkit } from "./testing/nbdkit.ts";
import { isInstalled, run, sha256Of, sha256OfFile, until, writeRandomFile } from "./testing/programs.ts";

const MIB = 1024 * 1024;
const LARGE = 256 * MIB;

let tree: string;
let exports: Exports;
let front: NbdFront;
let sha256: string;
const closers: (() => unknown)[] = [];

beforeAll(async () => {
  tree = await mkdtemp(join(tmpdir(), "netroot-session-"));
  await mkdir(join(tree, "exports"));
  await writeRandomFile(join(tree, "exports/kisroot.squashfs"), LARGE);
  // Not a multiple of a sector: nothing may be rounded on the way.
  await writeRandomFile(join(tree, "exports/grün & klein.img"), 3 * MIB + 1);
  sha256 = await sha256OfFile(join(tree, "exports/kisroot.squashfs"));
  const configuration = parseConfiguration("", "netroot.toml");
  exports = await openExports({ tree, configuration, logger: silentLogger });
  front = await listenNbd(exports.hub);
});
afterAll(async () => {
  await front?.close();
  await exports?.close();
  await rm(tree, { recursive: true });
});
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
  await until(() => front.counters.openSessions === 0);
});

/** A session in front of one export of a server that nbdkit plays. */
async function frontOf(url: string): Promise<NbdFront> {
  const hub = new ExportHub();
  const back = await openNbdExport({ url, name: "disk", readOnly: true });
  closers.push(() => back.close());
  hub.add(back);
  const other = await listenNbd(hub);
  closers.push(() => other.close());
  return other;
}

describe("what real clients see of an export on the real nbd-server", () => {
  it("nbdinfo sees its size, that it is read-only, and that it may be opened more than once", async () => {
    const { stdout } = await run("nbdinfo", "--json", front.url("kisroot"));
    expect(JSON.parse(stdout)).toMatchObject({
      protocol: "newstyle-fixed",
      exports: [
        {
          "export-name": "kisroot",
          "export-size": LARGE,
          is_read_only: true,
          can_multi_conn: true,
        },
      ],
    });
  });

  it("nbdinfo lists all of them, with names of any script and sizes to the byte", async () => {
    const { stdout } = await run("nbdinfo", "--list", "--json", front.url(""));
    const list = JSON.parse(stdout).exports as { "export-name": string; "export-size": number }[];
    expect(list.map((each) => [each["export-name"], each["export-size"]])).toEqual([
      ["grün & klein", 3 * MIB + 1],
      ["kisroot", LARGE],
    ]);
  });

  it.skipIf(!isInstalled("nbd-client"))("nbd-client lists them", async () => {
    const { stdout } = await run("/usr/sbin/nbd-client", "-l", "127.0.0.1", String(front.port));
    expect(stdout.split("\n")).toEqual(expect.arrayContaining(["kisroot", "grün & klein"]));
  });

  it("nbdcopy reads 256 MB of it, over four connections, to the last bit", async () => {
    const before = exports.hub.counters("kisroot")!.readBytes;
    const sessions = front.counters.sessions;
    expect(await sha256Of("nbdcopy", "--connections=4", front.url("kisroot"), "-")).toBe(sha256);
    expect(exports.hub.counters("kisroot")!.readBytes - before).toBe(LARGE);
    expect(front.counters.sessions).toBeGreaterThan(sessions);
  });

  it("nbdcopy reads one whose size is no multiple of anything", async () => {
    const file = join(tree, "exports/grün & klein.img");
    expect(await sha256Of("nbdcopy", front.url("grün & klein"), "-")).toBe(await sha256OfFile(file));
  });

  it.skipIf(!isInstalled("qemu-img"))("qemu-img finds it identical with the file", async () => {
    const file = join(tree, "exports/kisroot.squashfs");
    const compared = await run("qemu-img", "compare", "-f", "raw", "-F", "raw", front.url("kisroot"), file);
    expect(compared).toMatchObject({ code: 0, stdout: expect.stringContaining("Images are identical.") });
  });

  it("nbd-server's own log shows our connection", () => {
    const file = join(tree, "exports/kisroot.squashfs");
    expect(exports.server?.log).toContain(`connect from 127.0.0.1, assigned file is ${file}`);
  });

  it("a name that is not there is answered with the names that are", async () => {
    const unknown = front.counters.unknownExports;
    const { code, stderr } = await run("env", "LIBNBD_DEBUG=1", "nbdinfo", front.url("kisrot"));
    expect(code).not.toBe(0);
    expect(stderr).toContain('no export "kisrot" here; there is: grün & klein, kisroot');
    expect(front.counters.unknownExports).toBeGreaterThan(unknown);
  });
});

describe("requests that cannot be", () => {
  it("a write to a read-only export is refused, and reads go on", async () => {
    const client = await openClient(front.port, "kisroot");
    closers.push(() => client.close());
    expect((await client.write(0, new Uint8Array(512))).error).toBe(NbdError.EPERM);
    expect((await client.read(0, 512)).data).toHaveLength(512);
    expect(await sha256OfFile(join(tree, "exports/kisroot.squashfs"))).toBe(sha256);
  });

  it("a read beyond the end is refused, and reads go on", async () => {
    const client = await openClient(front.port, "kisroot");
    closers.push(() => client.close());
    expect((await client.read(LARGE - 511, 512)).error).toBe(NbdError.EINVAL);
    expect((await client.read(Number.MAX_SAFE_INTEGER, 512)).error).toBe(NbdError.EINVAL);
    expect((await client.read(LARGE - 512, 512)).data).toHaveLength(512);
  });
});

describe("a server that is not well", () => {
  it("errors of its disk arrive as errors of the disk", async () => {
    const nbdkit = await startNbdkit([
      "--filter=error",
      "memory",
      "1M",
      "error-pread=EIO",
      "error-pread-rate=100%",
    ]);
    closers.push(() => nbdkit.close());
    const { port } = await frontOf(nbdkit.url);
    const client = await openClient(port, "disk");
    closers.push(() => client.close());
    expect((await client.read(0, 4096)).error).toBe(NbdError.EIO);
  });

  it("one that errs now and then is read to the end by a client that asks again", async () => {
    const nbdkit = await startNbdkit(["--filter=error", "random", "8M", "seed=7", "error-pread-rate=20%"]);
    closers.push(() => nbdkit.close());
    const { port } = await frontOf(nbdkit.url);
    const client = await openClient(port, "disk");
    closers.push(() => client.close());
    let errors = 0;
    for (let offset = 0; offset < 8 * MIB; ) {
      const { error, data } = await client.read(offset, 65536);
      if (error === 0) offset += data.length;
      else errors += 1;
    }
    expect(errors).toBeGreaterThan(0);
  });

  it("a slow one answers what is asked together together, and right", async () => {
    const random = ["random", "1M", "seed=3"];
    const nbdkit = await startNbdkit(["--filter=delay", ...random, "rdelay=50ms"]);
    closers.push(() => nbdkit.close());
    const { url } = await frontOf(nbdkit.url);
    const plain = await startNbdkit(random);
    closers.push(() => plain.close());
    expect(await sha256Of("nbdcopy", "--request-size=65536", url("disk"), "-")).toBe(
      await sha256Of("nbdcopy", plain.url, "-"),
    );
  });
});

describe("nbd-server dies in the middle of a copy", () => {
  it("is started again, and the copy is complete and right", async () => {
    const server = exports.server!;
    const { readBytes: start, errors } = { ...exports.hub.counters("kisroot")! };
    const copy = sha256Of("nbdcopy", "--connections=2", front.url("kisroot"), "-");
    for (let kills = 1; kills <= 2; kills += 1) {
      await until(() => exports.hub.counters("kisroot")!.readBytes - start > (kills * LARGE) / 8);
      const { state } = server;
      if (state.name !== "running") throw new Error(`nbd-server is ${state.name}`);
      process.kill(-state.pid, "SIGKILL");
      await until(() => server.restarts === kills);
    }
    expect(await copy).toBe(sha256);
    expect(exports.hub.counters("kisroot")!.errors).toBe(errors);
    expect(exports.status().find(({ name }) => name === "kisroot")?.state).toBe("ready");
  });
});
