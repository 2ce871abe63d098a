import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, stat, writeFile } from "node:fs/promises";
import { connect, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createLogger } from "../log.ts";
import { FrameStreamReader } from "../uplink/frame-stream.ts";
import { StreamPort, type StreamPortOptions } from "./stream-port.ts";

let folder: string;
let path: string;
const log: string[] = [];
const closers: (() => unknown)[] = [];
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "netroot-port-"));
  path = join(folder, "net.sock");
  log.length = 0;
});
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
  await rm(folder, { recursive: true });
});

/** A port whose clients hear their own frames, each with its first byte raised by one. */
async function start(options: Partial<StreamPortOptions> = {}) {
  const attached = new Map<number, (frame: Uint8Array) => void>();
  const port = await StreamPort.open({
    path,
    mtu: 1500,
    logger: createLogger({ level: "debug", write: (line) => log.push(line) }),
    attach: (id, send) => {
      attached.set(id, send);
      return {
        receive: (frame) => {
          const copy = Uint8Array.from(frame);
          copy[0]! += 1;
          send(copy);
        },
        close: () => attached.delete(id),
      };
    },
    ...options,
  });
  closers.push(() => port.close());
  return { port, attached };
}

async function plugIn() {
  const socket = connect({ path });
  closers.push(() => socket.destroy());
  await new Promise((resolve) => socket.once("connect", resolve));
  socket.on("error", () => {});
  const inbox: Uint8Array[] = [];
  const reader = new FrameStreamReader(
    (bytes) => inbox.push(bytes.slice()),
    () => {},
  );
  socket.on("data", (chunk) => reader.push(new Uint8Array(chunk as Buffer)));
  return { socket, inbox, closed: new Promise((resolve) => socket.once("close", resolve)) };
}

const frame = (first: number, length = 60) => new Uint8Array(length).fill(first, 0, 1);

function write(socket: Socket, bytes: Uint8Array): void {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(bytes.length);
  socket.write(Buffer.concat([length, bytes]));
}

async function until(condition: () => boolean) {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 5));
}

describe("the UNIX socket", () => {
  it("carries frames behind their length, for each client its own", async () => {
    const { port } = await start();
    const [one, other] = [await plugIn(), await plugIn()];
    write(one.socket, frame(1));
    write(one.socket, frame(2, 1514));
    write(other.socket, frame(7));
    await until(() => one.inbox.length === 2 && other.inbox.length === 1);
    expect(one.inbox).toEqual([frame(2), frame(3, 1514)]);
    expect(other.inbox).toEqual([frame(8)]);
    expect(port.clients).toBe(2);
    expect(port.counters).toMatchObject({ framesIn: 3, framesOut: 3, malformedIn: 0, droppedOut: 0 });
  });

  it("is for its owner alone", async () => {
    await start();
    expect((await stat(path)).mode & 0o777).toBe(0o600);
  });

  it("drops and counts frames of an impossible length, and goes on", async () => {
    const { port } = await start();
    const { socket, inbox } = await plugIn();
    for (const length of [0, 13, 1515, 60]) write(socket, frame(4, length));
    await until(() => inbox.length === 1);
    expect(port.counters).toMatchObject({ framesIn: 1, malformedIn: 3 });
  });

  it("ends a client that has lost its place, and says why, and no other", async () => {
    const { port, attached } = await start();
    const [lost, other] = [await plugIn(), await plugIn()];
    lost.socket.write(Uint8Array.of(0x7f, 0xff, 0xff, 0xff));
    await lost.closed;
    await until(() => attached.size === 1);
    expect(log.join("")).toContain("is no frame behind its length as four bytes");
    expect(port.counters.malformedIn).toBe(1);
    write(other.socket, frame(1));
    await until(() => other.inbox.length === 1);
  });

  it("drops what a client that does not read would have to be kept for", async () => {
    const { port, attached } = await start({ highWaterBytes: 256 * 1024 });
    const { socket, inbox } = await plugIn();
    socket.pause();
    await until(() => attached.size === 1);
    for (let turn = 0; turn < 20; turn++) {
      for (let index = 0; index < 1000; index++) attached.get(1)!(frame(index, 1514));
      await new Promise((resolve) => setImmediate(resolve));
    }
    const { framesOut, droppedOut } = port.counters;
    expect(framesOut + droppedOut).toBe(20_000);
    expect(droppedOut).toBeGreaterThan(10_000);
    socket.resume();
    await until(() => inbox.length === framesOut);
  });

  it("lets go of a client that ended its side, though more waits for it than it reads", async () => {
    const { port, attached } = await start();
    const { socket } = await plugIn();
    socket.pause();
    await until(() => attached.size === 1);
    const send = attached.get(1)!;
    for (let index = 0; index < 2000; index++) send(frame(index, 1514));
    socket.end();
    await until(() => port.clients === 0);
    expect(attached.size).toBe(0);
  });

  it("refuses one client too many", async () => {
    const { port } = await start({ maxClients: 1 });
    const first = await plugIn();
    await (await plugIn()).closed;
    expect([port.clients, port.refused]).toEqual([1, 1]);
    write(first.socket, frame(1));
    await until(() => first.inbox.length === 1);
  });

  it("survives a defect behind it: only the client that met it is ended", async () => {
    const { port } = await start({
      attach: () => ({
        receive: () => {
          throw new Error("a defect");
        },
        close: () => {},
      }),
    });
    const { socket, closed } = await plugIn();
    write(socket, frame(1));
    await closed;
    await until(() => port.clients === 0);
    expect(log.join("")).toContain("ended by a defect of the relay");
    await plugIn();
  });

  it("takes the place of one that a killed relay left, and none of one that lives", async () => {
    const script = `require("node:net").createServer().listen(${JSON.stringify(path)}, () => console.log("there"))`;
    const other = spawn(process.execPath, ["-e", script], { stdio: ["ignore", "pipe", "inherit"] });
    await once(other.stdout, "data");
    await expect(start()).rejects.toThrow(`Somebody listens on the socket ${path} already`);
    other.kill("SIGKILL");
    await once(other, "exit");
    expect((await stat(path)).isSocket()).toBe(true);
    const { port } = await start();
    await plugIn();
    await port.close();
    await expect(stat(path)).rejects.toThrow("ENOENT");
  });

  it.each([
    ["a file", async () => writeFile(path, "precious"), "it is no socket"],
    ["a path that is too long", async () => (path = join(folder, "x".repeat(120))), "107 bytes"],
    ["a folder that is not there", async () => (path = join(folder, "nowhere/net.sock")), "cannot be made"],
  ])("is not made in the place of %s", async (_, prepare, message) => {
    await prepare();
    await expect(start()).rejects.toThrow(message);
  });
});
