import { createHash } from "node:crypto";
import { mkdtemp, open, readFile, rm } from "node:fs/promises";
import { type AddressInfo, connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import type { Export } from "../../net/export/export.ts";
import { ExportHub } from "../../net/export/hub.ts";
import { freeLoopbackPort } from "../servers/listening.ts";
import { NbdExport, type NbdExportOptions, type NbdExportState, openNbdExport } from "./nbd-export.ts";
import { MortalServer } from "./testing/mortal-server.ts";
import { listenNbd } from "./testing/nbd-front.ts";
import { sha256OfFile, until, writeRandomFile } from "./testing/programs.ts";

const MIB = 1024 * 1024;
const SIZE = 256 * MIB;

let folder: string;
let image: string;
let sha256: string;
const closers: (() => unknown)[] = [];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "netroot-nbd-export-"));
  image = join(folder, "image");
  await writeRandomFile(image, SIZE);
  sha256 = await sha256OfFile(image);
});
afterAll(() => rm(folder, { recursive: true }));
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

async function startServer(...args: string[]): Promise<MortalServer> {
  const server = await MortalServer.start(...args);
  closers.push(() => server.kill());
  return server;
}

async function openExport(url: string, options: Partial<NbdExportOptions> = {}) {
  const states: NbdExportState[] = [];
  const back = await openNbdExport({
    url,
    name: "kisroot",
    readOnly: true,
    onState: (state) => states.push(state),
    ...options,
  });
  closers.push(() => back.close());
  return { back, states };
}

/** Reads all of it in blocks, 16 of them under way at any time. */
async function hashOf(back: NbdExport, onBlock: (done: number) => unknown = () => {}): Promise<string> {
  const hash = createHash("sha256");
  const block = 256 * 1024;
  const ahead: Promise<Uint8Array>[] = [];
  let asked = 0;
  for (let at = 0; at < back.sizeBytes; at += block) {
    for (; asked < back.sizeBytes && ahead.length < 16; asked += block) {
      ahead.push(back.read(asked, Math.min(block, back.sizeBytes - asked)));
    }
    hash.update(await ahead.shift()!);
    await onBlock(at / block);
  }
  return hash.digest("hex");
}

describe("an export on a real NBD server", () => {
  it("has the server's size, and is read to the last bit", async () => {
    const server = await startServer("-r", "file", image);
    const { back } = await openExport(server.url);
    expect([back.sizeBytes, back.readOnly, back.description]).toEqual([
      SIZE,
      true,
      `NBD server at 127.0.0.1:${server.port}`,
    ]);
    expect(await hashOf(back)).toBe(sha256);
    expect(back.reconnects).toBe(0);
  });

  it("is read through a UNIX socket, too", async () => {
    const server = await startServer("-r", "file", image);
    const path = join(folder, "socket");
    const bridge = createServer((socket) => {
      socket.pipe(connect(server.port, "127.0.0.1")).pipe(socket);
    }).listen(path);
    closers.push(() => bridge.close());
    const { back } = await openExport(`nbd+unix:///?socket=${path}`);
    expect(await back.read(4096, 4096)).toEqual(await readOf(image, 4096, 4096));
    await back.close();
  });

  it("answers reads of a slow server together, not one after another", async () => {
    const server = await startServer("-r", "--filter=delay", "file", image, "rdelay=100ms");
    const { back } = await openExport(server.url, { requestTimeoutMs: 5_000 });
    const start = performance.now();
    await back.read(0, 512);
    const one = performance.now() - start;
    await Promise.all(Array.from({ length: 16 }, (_, index) => back.read(index * 512, 512)));
    expect((performance.now() - start - one) / one).toBeLessThan(8);
  });

  it("passes the server's errors on, and goes on", async () => {
    const broken = join(folder, "broken");
    const server = await startServer(
      "-r",
      "--filter=error",
      "file",
      image,
      "error-pread=EIO",
      `error-pread-file=${broken}`,
      "error-pread-rate=1",
    );
    const { back } = await openExport(server.url);
    await back.read(0, 512);
    await writeRandomFile(broken, 1);
    await expect(back.read(0, 512)).rejects.toMatchObject({
      code: "EIO",
      message: `The NBD server at 127.0.0.1:${server.port} answered EIO for the export "kisroot".`,
    });
    await rm(broken);
    expect(await back.read(0, 512)).toHaveLength(512);
    expect(back.reconnects).toBe(0);
  });

  it("is not written to unless it was opened for that", async () => {
    const server = await startServer("memory", "1M");
    const { back } = await openExport(server.url);
    await expect(back.write(0, new Uint8Array(512))).rejects.toMatchObject({ code: "EPERM" });
    const { back: other } = await openExport(server.url, { readOnly: false });
    await other.write(512, new Uint8Array(512).fill(7));
    await other.flush();
    expect(await back.read(0, 1024)).toEqual(new Uint8Array(1024).fill(7, 512));
  });
});

describe("when its server dies", () => {
  it("five times during a read of 256 MB, every byte is right", async () => {
    const server = await startServer("-r", "file", image);
    const { back, states } = await openExport(server.url);
    const deaths = [100, 300, 500, 700, 900];
    const hash = await hashOf(back, async (done) => {
      if (!deaths.includes(done)) return;
      await server.kill();
      await sleep(done / 10);
      await server.start("-r", "file", image);
    });
    expect(hash).toBe(sha256);
    expect(back.reconnects).toBe(5);
    expect(states.at(-1)).toEqual({ name: "ready" });
    const away = states.filter((state) => state.name === "reconnecting");
    expect(away.length).toBeGreaterThanOrEqual(5);
    expect(away.map(({ lastError }) => lastError)).toContain("nothing listens there");
  });

  it("writes that overlap end as if they had been made one by one", async () => {
    const target = join(folder, "target");
    const size = 64 * 1024;
    await writeRandomFile(target, size);
    const expected = new Uint8Array(await readFile(target));
    const server = await startServer("file", target);
    const { back } = await openExport(server.url, { readOnly: false });
    const writes: Promise<void>[] = [];
    for (let turn = 0; turn < 8; turn += 1) {
      for (let count = 0; count < 60; count += 1) {
        const length = 1 + ((count * 977 + turn * 31) % 9000);
        const offset = (count * 7919 + turn * 104729) % (size - length);
        const bytes = new Uint8Array(length).fill(turn * 60 + count);
        expected.set(bytes, offset);
        writes.push(back.write(offset, bytes));
      }
      await sleep(turn % 3);
      await server.kill();
      await server.start("file", target);
    }
    await Promise.all(writes);
    expect(new Uint8Array(await readFile(target))).toEqual(expected);
    expect(back.reconnects).toBeGreaterThanOrEqual(1);
  });

  it("reads wait for it, and fail when the export is closed instead", async () => {
    const server = await startServer("-r", "file", image);
    const { back, states } = await openExport(server.url);
    await server.kill();
    const read = back.read(0, 512);
    const refused = expect(read).rejects.toMatchObject({
      code: "ESHUTDOWN",
      message: 'The export "kisroot" was closed.',
    });
    await until(() => states.at(-1)?.name === "reconnecting");
    await back.close();
    await refused;
    await expect(back.read(0, 512)).rejects.toMatchObject({ code: "ESHUTDOWN" });
  });

  it("the waiting reads are bounded", async () => {
    const server = await startServer("-r", "file", image);
    const { back } = await openExport(server.url, { maxRequests: 8 });
    await server.kill();
    const reads = Array.from({ length: 9 }, (_, index) => back.read(index * 512, 512));
    await expect(reads[8]).rejects.toMatchObject({ code: "EIO" });
    expect(back.refused).toBe(1);
    await server.start("-r", "file", image);
    await Promise.all(reads.slice(0, 8));
  });

  it("and comes back with another size, it is served no more, and says why", async () => {
    const server = await startServer("-r", "memory", "1M");
    const { back, states } = await openExport(server.url);
    await server.kill();
    const sentence =
      'The export "kisroot" changed its size from 1048576 to 2097152 bytes while its server was away. ' +
      "It is not served any more; start the relay again to use the new image.";
    const refused = expect(back.read(0, 512)).rejects.toMatchObject({ code: "ESHUTDOWN", message: sentence });
    await server.start("-r", "memory", "2M");
    await refused;
    await expect(back.read(0, 512)).rejects.toMatchObject({ code: "ESHUTDOWN", message: sentence });
    expect(states.at(-1)).toEqual({ name: "failed", lastError: sentence });
  });
});

describe("when its server hangs", () => {
  it("the connection is made again, and the read is right once it goes on", async () => {
    const server = await startServer("-r", "file", image);
    const { back, states } = await openExport(server.url, { requestTimeoutMs: 200 });
    server.hang();
    const read = back.read(8192, 4096);
    await until(() => states.at(-1)?.name === "reconnecting");
    expect(states.at(-1)).toMatchObject({ lastError: "it did not answer in time" });
    server.goOn();
    expect(await read).toEqual(await readOf(image, 8192, 4096));
  });

  it("it is left alone while nothing is asked", async () => {
    const server = await startServer("-r", "file", image);
    const { back, states } = await openExport(server.url, { requestTimeoutMs: 50 });
    await sleep(300);
    expect(states).toEqual([{ name: "ready" }]);
    expect(await back.read(0, 512)).toHaveLength(512);
  });

  it("close does not wait for it for ever", async () => {
    const server = await startServer("-r", "file", image);
    const { back } = await openExport(server.url);
    server.hang();
    await back.close();
    expect(back.state).toEqual({ name: "closed" });
  });
});

describe("an export that cannot be opened", () => {
  const refused = (url: string) =>
    openNbdExport({ url, name: "kisroot", readOnly: true, openTimeoutMs: 500 });

  it("says that nothing listens there", async () => {
    const port = await freeLoopbackPort();
    await expect(refused(`nbd://127.0.0.1:${port}/kisroot`)).rejects.toMatchObject({
      code: "ESHUTDOWN",
      message: `The NBD server at 127.0.0.1:${port} can not be used: nothing listens there.`,
    });
  });

  it("says which exports there are", async () => {
    const hub = new ExportHub();
    hub.add(zeroes("other"));
    const front = await listenNbd(hub);
    closers.push(() => front.close());
    await expect(refused(front.url("kisroot"))).rejects.toThrow(
      'the server refuses the export "kisroot": no export "kisroot" here; there is: other',
    );
    await until(() => front.counters.openSessions === 0);
  });

  it("says when it is no NBD server", async () => {
    const server = createServer((socket) => {
      socket.on("error", () => {});
      socket.write("HTTP/1.1 400 Bad Request\r\n\r\n");
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    closers.push(() => server.close());
    await expect(refused(`nbd://127.0.0.1:${(server.address() as AddressInfo).port}/`)).rejects.toThrow(
      "what answers there is not an NBD server of today (fixed newstyle)",
    );
  });

  it("says when nothing is said there", async () => {
    const server = createServer((socket) => socket.on("error", () => {}));
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    closers.push(() => server.close());
    await expect(refused(`nbd://127.0.0.1:${(server.address() as AddressInfo).port}/`)).rejects.toThrow(
      "can not be used: it does not answer.",
    );
  });

  it("is opened when its server comes later, where it may take as long as that", async () => {
    const server = await startServer("-r", "file", image);
    await server.kill();
    const url = server.url;
    const back = new NbdExport({
      url,
      name: "late",
      readOnly: true,
      openTimeoutMs: Number.POSITIVE_INFINITY,
    });
    closers.push(() => back.close());
    await until(() => back.state.name === "reconnecting");
    await server.start("-r", "file", image);
    await back.opened;
    expect(back.sizeBytes).toBe(SIZE);
  });
});

describe("closing an export", () => {
  it("says good-bye to the server, and leaves no connection behind", async () => {
    const hub = new ExportHub();
    hub.add(zeroes("kisroot"));
    const front = await listenNbd(hub);
    closers.push(() => front.close());
    const { back } = await openExport(front.url("kisroot"));
    await back.read(0, 512);
    expect(front.counters.openSessions).toBe(1);
    await back.close();
    await until(() => front.counters.openSessions === 0);
    // One read, and DISC.
    expect(front.counters).toMatchObject({ sessions: 1, requests: 2, malformed: 0 });
  });
});

function zeroes(name: string): Export {
  return {
    name,
    sizeBytes: 1024,
    readOnly: true,
    description: "",
    read: async (_, length) => new Uint8Array(length),
  };
}

async function readOf(path: string, offset: number, length: number): Promise<Uint8Array> {
  const handle = await open(path);
  const bytes = new Uint8Array(length);
  await handle.read(bytes, 0, length, offset);
  await handle.close();
  return bytes;
}
