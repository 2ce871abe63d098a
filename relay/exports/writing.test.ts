import { mkdtemp, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { ExportHub } from "../../net/export/hub.ts";
import { openNbdExport } from "./nbd-export.ts";
import { MortalServer } from "./testing/mortal-server.ts";
import { listenNbd } from "./testing/nbd-front.ts";
import { isInstalled, run, sha256OfFile, until, writeRandomFile } from "./testing/programs.ts";

// Real clients that write: through the session, the hub and the export to a real server and its file.

const MIB = 1024 * 1024;
const SIZE = 128 * MIB;

let folder: string;
let source: string;
let target: string;
const closers: (() => unknown)[] = [];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "netroot-writing-"));
  source = join(folder, "source");
  target = join(folder, "target");
  await writeRandomFile(source, SIZE);
});
afterAll(() => rm(folder, { recursive: true }));
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

/** A writable export of the file `target`. */
async function serve(filters: readonly string[] = [], settings: readonly string[] = []) {
  const server = await MortalServer.start(...filters, "file", target, ...settings);
  closers.push(() => server.kill());
  const back = await openNbdExport({ url: server.url, name: "disk", readOnly: false });
  closers.push(() => back.close());
  const hub = new ExportHub();
  hub.add(back);
  const front = await listenNbd(hub);
  closers.push(() => front.close());
  return { server, back, hub, front, url: front.url("disk") };
}

describe("a client that writes", () => {
  it.skipIf(!isInstalled("qemu-io"))("qemu writes, flushes and reads back", async () => {
    await writeRandomFile(target, MIB);
    const { url, hub } = await serve();
    const script = [
      "write -P 7 1000 65000",
      "flush",
      "read -P 7 1000 65000",
      "write -z 0 512",
      "read -P 0 0 512",
    ];
    const { code, stdout } = await run(
      "qemu-io",
      "-f",
      "raw",
      ...script.flatMap((each) => ["-c", each]),
      url,
    );
    expect(stdout).not.toContain("failed");
    expect(code).toBe(0);
    expect(hub.counters("disk")).toMatchObject({ errors: 0 });
    expect(hub.counters("disk")!.writtenBytes).toBeGreaterThanOrEqual(65512);
  });

  it("nbdcopy fills 128 MB, to the last bit", async () => {
    await writeRandomFile(target, SIZE);
    const { url, front } = await serve();
    const { code, stderr } = await run("nbdcopy", "--flush", source, url);
    expect([code, stderr]).toEqual([0, ""]);
    expect(await sha256OfFile(target)).toBe(await sha256OfFile(source));
    await until(() => front.counters.openSessions === 0);
  });

  it("and whose server is killed three times meanwhile loses nothing", async () => {
    await writeRandomFile(target, SIZE);
    const { url, server, back, hub } = await serve();
    const copy = run("nbdcopy", "--flush", source, url);
    for (const share of [0.2, 0.4, 0.6]) {
      await until(() => hub.counters("disk")!.writtenBytes > share * SIZE);
      await server.kill();
      await sleep(30);
      const before = back.reconnects;
      await server.start("file", target);
      await until(() => back.reconnects > before);
    }
    expect(await copy).toMatchObject({ code: 0, stderr: "" });
    expect(back.reconnects).toBe(3);
    expect(await sha256OfFile(target)).toBe(await sha256OfFile(source));
    expect((await stat(target)).size).toBe(SIZE);
  });

  it.skipIf(!isInstalled("qemu-io"))("hears of a full disk as one", async () => {
    await writeRandomFile(target, MIB);
    const { url } = await serve(["--filter=error"], ["error-pwrite=ENOSPC", "error-pwrite-rate=100%"]);
    const { code, stderr, stdout } = await run("qemu-io", "-f", "raw", "-c", "write 0 512", url);
    expect(stdout + stderr).toContain("No space left on device");
    expect(code).not.toBe(0);
  });
});
