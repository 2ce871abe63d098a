import { createServer, type Server } from "node:http";
import { afterEach, describe, expect, it } from "vitest";
import { WebSocket } from "ws";
import { cutLargeFrame } from "../../net/tcp/large-segment.ts";
import { sampleLargeFrame } from "../../net/tcp/sample-large-frame.ts";
import {
  BATCH_SUBPROTOCOL,
  LARGE_BATCH_SUBPROTOCOL,
  MAX_LARGE_FRAME_BYTES,
  parseBatch,
  serializeBatch,
} from "../../net/wire/batch.ts";
import { FrameSlab } from "../../net/wire/frame-slab.ts";
import { sessionSubprotocol } from "../../net/wire/session-name.ts";
import { listen } from "../http/listen.ts";
import { silentLogger } from "../log.ts";
import { type WireOptions, WireServer } from "./wire-server.ts";

const MTU = 1500;
const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

/** A wire whose clients hear their own frames, each with its first byte raised by one. */
async function startEcho(options: Partial<WireOptions> = {}) {
  const http: Server = createServer();
  const attached = new Set<number>();
  const wire = new WireServer(http, {
    mtu: MTU,
    logger: silentLogger,
    attach: (id, send) => {
      attached.add(id);
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
  const port = await listen(http, "127.0.0.1", 0);
  const close = async () => {
    await wire.close();
    await new Promise((resolve) => http.close(resolve));
  };
  closers.push(close);
  return { wire, attached, close, url: `ws://127.0.0.1:${port}/wire` };
}

async function connect(url: string, protocols: string[] = [], headers: Record<string, string> = {}) {
  const socket = new WebSocket(url, protocols, { headers });
  closers.push(() => socket.terminate());
  const inbox: Uint8Array[] = [];
  const waiting: (() => void)[] = [];
  socket.on("message", (data: Buffer) => {
    inbox.push(data);
    for (const wake of waiting.splice(0)) wake();
  });
  const closed = new Promise<number>((resolve) => socket.once("close", resolve));
  await new Promise((resolve, reject) => {
    socket.once("open", resolve);
    socket.once("error", reject);
  });
  const messages = async (count: number) => {
    while (inbox.length < count) await new Promise<void>((resolve) => waiting.push(resolve));
    return inbox;
  };
  return { socket, inbox, messages, closed };
}

const frame = (first: number, length = 60) => new Uint8Array(length).fill(first, 0, 1);

/** Resolves once `condition` holds; a test that waits in vain ends by its time-out. */
async function until(condition: () => boolean) {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 5));
}

describe("the wire", () => {
  it("says that frames have left only when nothing looks at them any more, though the client reads late", async () => {
    const slab = new FrameSlab();
    const count = 4000;
    let left = 0;
    const { url, wire } = await startEcho({
      attach: (_id, send) => ({
        receive: () => {
          for (let index = 0; index < count; index++) {
            const frame = slab.allocate(MTU + 14).fill(index & 0xff);
            send(frame);
          }
        },
        sent: (frames) => {
          left += frames.length;
          for (const frame of frames) frame.fill(0xee);
          slab.giveBack(frames);
        },
        close: () => {},
      }),
    });
    const client = await connect(url, [BATCH_SUBPROTOCOL]);
    for (let round = 0; round < 3; round++) {
      client.socket.pause();
      client.socket.send(serializeBatch([frame(1)]));
      await until(() => wire.counters.framesOut === (round + 1) * count);
      client.socket.resume();
      await until(() => left === (round + 1) * count);
    }
    const frames: Uint8Array[] = [];
    await until(() => {
      for (const message of client.inbox.splice(0)) {
        const batch = parseBatch(message, MTU);
        if (batch.ok) frames.push(...batch.frames);
      }
      return frames.length === 3 * count;
    });
    expect(frames.every((each, index) => each.every((octet) => octet === ((index % count) & 0xff)))).toBe(
      true,
    );
  });

  it("carries one frame a message to a client that asks for nothing else", async () => {
    const { url, wire } = await startEcho();
    const client = await connect(url);
    client.socket.send(frame(1));
    client.socket.send(frame(2, MTU + 14));
    const messages = await client.messages(2);
    expect(messages.map((each) => [each[0], each.length])).toEqual([
      [2, 60],
      [3, MTU + 14],
    ]);
    expect(wire.counters).toMatchObject({ framesIn: 2, framesOut: 2, malformedIn: 0, droppedOut: 0 });
  });

  it("answers a batch with a batch", async () => {
    const { url } = await startEcho();
    const client = await connect(url, [BATCH_SUBPROTOCOL]);
    expect(client.socket.protocol).toBe(BATCH_SUBPROTOCOL);
    client.socket.send(serializeBatch([frame(1), frame(2), frame(3)]));
    const [message] = await client.messages(1);
    const result = parseBatch(message!, MTU);
    expect(result.ok && result.frames.map((each) => each[0])).toEqual([2, 3, 4]);
  });

  it("counts garbage, drops it and goes on, for the sender and for its neighbour", async () => {
    const { url, wire } = await startEcho();
    const plain = await connect(url);
    const batch = await connect(url, [BATCH_SUBPROTOCOL]);
    plain.socket.send(new Uint8Array(0));
    plain.socket.send(new Uint8Array(13));
    plain.socket.send(new Uint8Array(MTU + 15));
    batch.socket.send(new Uint8Array([0, 60, 1])); // a frame that ends early
    batch.socket.send(serializeBatch([new Uint8Array(3), frame(8)])); // one that is too short, one that is not
    plain.socket.send(frame(6));
    expect((await plain.messages(1)).map((each) => each[0])).toEqual([7]);
    const [message] = await batch.messages(1);
    expect(message![2]).toBe(9);
    expect(wire.counters.malformedIn).toBe(5);
    expect(wire.clients).toBe(2);
  });

  it("refuses text and closes that client alone", async () => {
    const { url, wire, attached } = await startEcho();
    const talker = await connect(url);
    const other = await connect(url);
    talker.socket.send("hello");
    expect(await talker.closed).toBe(1003);
    await until(() => wire.clients === 1);
    expect(attached.size).toBe(1);
    other.socket.send(frame(1));
    expect((await other.messages(1)).length).toBe(1);
  });

  it("survives a defect behind the wire: only the client that met it is closed", async () => {
    const { url, wire } = await startEcho({
      attach: (_id, send) => ({
        receive: (each) => {
          if (each[0] === 13) throw new Error("a defect");
          send(each);
        },
        close: () => {},
      }),
    });
    const unlucky = await connect(url);
    const other = await connect(url);
    unlucky.socket.send(frame(13));
    expect(await unlucky.closed).toBe(1011);
    await until(() => wire.clients === 1);
    other.socket.send(frame(1));
    expect((await other.messages(1)).length).toBe(1);
  });

  it("closes a client whose message is larger than any that makes sense", async () => {
    const { url, wire } = await startEcho();
    const client = await connect(url, [BATCH_SUBPROTOCOL]);
    client.socket.send(new Uint8Array(1024 * 1024));
    expect(await client.closed).toBe(1009);
    await until(() => wire.clients === 0);
  });

  it("never negotiates compression", async () => {
    const { url } = await startEcho();
    const client = await connect(url);
    expect(client.socket.extensions).toBe("");
  });

  it("drops what a client that does not read would have to be kept for", async () => {
    let flood: (() => void) | undefined;
    const { url, wire } = await startEcho({
      highWaterBytes: 256 * 1024,
      attach: (_id, send) => {
        flood = () => {
          for (let index = 0; index < 1000; index++) send(frame(index, 1514));
        };
        return { receive: () => {}, close: () => {} };
      },
    });
    const client = await connect(url);
    client.socket.pause();
    for (let turn = 0; turn < 20; turn++) {
      flood!();
      await new Promise((resolve) => setImmediate(resolve));
    }
    const { framesOut, droppedOut } = wire.counters;
    expect(framesOut + droppedOut).toBe(20_000);
    // The kernel's socket buffers take their share too, but nothing like 30 MB.
    expect(droppedOut).toBeGreaterThan(5_000);
    client.socket.resume();
    await client.messages(framesOut);
    expect(client.inbox.length).toBe(framesOut);
  });

  it("cuts off a client that answers no ping", async () => {
    const { url, wire } = await startEcho({ silenceMs: 500 });
    const dead = await connect(url);
    dead.socket.pause();
    await until(() => wire.clients === 0);
    const live = await connect(url);
    await new Promise((resolve) => setTimeout(resolve, 1200));
    live.socket.send(frame(1));
    expect((await live.messages(1)).length).toBe(1);
  });

  it.each([
    ["another origin, unless told otherwise,", {}, { Origin: "https://evil.example" }, 403],
    ["whom it may not admit", { admit: () => ({ status: 418, message: "Not today." }) }, {}, 418],
    ["one client too many", { maxClients: 0 }, {}, 503],
  ])("refuses %s", async (_, options, headers, status) => {
    const { url, attached } = await startEcho(options);
    await expect(connect(url, [], headers)).rejects.toThrow(String(status));
    expect(attached.size).toBe(0);
  });

  it("lets one address have as many clients as it may, and others as well", async () => {
    const { url, wire } = await startEcho({ maxClientsPerAddress: 2 });
    await connect(url);
    await connect(url);
    await expect(connect(url)).rejects.toThrow("503");
    expect(wire.refused).toBe(1);
    const { port } = new URL(url);
    const other = new WebSocket(`ws://127.0.0.1:${port}/wire`, { localAddress: "127.0.0.2" });
    closers.push(() => other.terminate());
    await new Promise((resolve, reject) => other.once("open", resolve).once("error", reject));
    expect(wire.clients).toBe(3);
  });

  it("lets in its own page", async () => {
    const { url } = await startEcho();
    await connect(url, [], { Origin: new URL(url).origin.replace("ws", "http") });
  });

  it("is found at /wire only", async () => {
    const { url } = await startEcho();
    await expect(connect(`${url}s`)).rejects.toThrow("404");
    await connect(`${url}?resume=1`);
  });

  it("frees everything when clients leave, and when it closes", async () => {
    const { url, wire, attached, close } = await startEcho();
    const first = await connect(url);
    const second = await connect(url);
    const third = await connect(url);
    expect(attached.size).toBe(3);
    first.socket.close();
    second.socket.terminate();
    await until(() => attached.size === 1);
    third.socket.pause(); // does not even answer our goodbye
    await close();
    expect(attached.size).toBe(0);
    expect(wire.clients).toBe(0);
  });
});

describe("a client that named its session", () => {
  const named = (first: number) => ["binary", sessionSubprotocol(new Uint8Array(16).fill(first))];

  /** A wire on which each client can be sent to, and its network is counted. */
  async function start(options: Partial<WireOptions> = {}) {
    const networks = new Map<number, (frame: Uint8Array) => void>();
    const heard: [id: number, first: number][] = [];
    const server = await startEcho({
      attach: (id, send) => {
        networks.set(id, send);
        return {
          receive: (bytes) => heard.push([id, bytes[0]!]),
          close: () => networks.delete(id),
        };
      },
      ...options,
    });
    return { ...server, networks, heard };
  }

  it("and whose socket is cut finds its network as it was, with what was sent to it meanwhile", async () => {
    const { url, wire, networks, heard } = await start();
    const first = await connect(url, named(1));
    first.socket.send(frame(7));
    await until(() => heard.length === 1);
    first.socket.terminate();
    await until(() => wire.resumes.kept === 1);
    expect(wire.clients).toBe(1);
    networks.get(1)!(frame(8));
    networks.get(1)!(frame(9));

    const again = await connect(url, named(1));
    expect((await again.messages(2)).map(([octet]) => octet)).toEqual([8, 9]);
    again.socket.send(frame(10));
    await until(() => heard.length === 2);
    expect(heard).toEqual([
      [1, 7],
      [1, 10],
    ]);
    networks.get(1)!(frame(11));
    expect((await again.messages(3)).map(([octet]) => octet)).toEqual([8, 9, 11]);
    expect(wire.resumes).toEqual({ kept: 1, resumed: 1, expired: 0 });
    expect(wire.counters).toMatchObject({ framesIn: 2, framesOut: 3, droppedOut: 0 });
  });

  it("gets large segments only through sockets that take them; through others, those held for it as well, they are cut", async () => {
    const { url, wire, networks } = await start();
    const large = sampleLargeFrame(4000, 1460);
    const pieces = cutLargeFrame(large, MTU)!.map((piece) => Buffer.from(piece));
    const session = sessionSubprotocol(new Uint8Array(16).fill(2));
    const first = await connect(url, [BATCH_SUBPROTOCOL, LARGE_BATCH_SUBPROTOCOL, session]);
    expect(first.socket.protocol).toBe(LARGE_BATCH_SUBPROTOCOL);
    networks.get(1)!(large);
    const [message] = await first.messages(1);
    expect(parseBatch(message!, MTU, MAX_LARGE_FRAME_BYTES)).toMatchObject({ ok: true, rejected: 0 });
    expect(message).toHaveLength(2 + large.length);
    expect(wire.counters).toMatchObject({ framesOut: 1, largeOut: 1, droppedOut: 0 });
    first.socket.terminate();
    await until(() => wire.resumes.kept === 1);
    networks.get(1)!(large);

    const again = await connect(url, [BATCH_SUBPROTOCOL, session]);
    const [held] = await again.messages(1);
    networks.get(1)!(large);
    const [, live] = await again.messages(2);
    for (const each of [held!, live!]) {
      const batch = parseBatch(each, MTU);
      expect(batch.ok && batch.frames.map((piece) => Buffer.from(piece))).toEqual(pieces);
    }
    again.socket.terminate();
    await until(() => wire.resumes.kept === 2);

    const plain = await connect(url, ["binary", session]);
    networks.get(1)!(large);
    expect(await plain.messages(3)).toEqual(pieces);
    networks.get(1)!(frame(1, MTU + 15));
    expect(wire.counters).toMatchObject({ framesOut: 10, largeOut: 1, droppedOut: 1 });
  });

  it("drops large segments that a client sends", async () => {
    const { url, wire, heard } = await start();
    const client = await connect(url, [LARGE_BATCH_SUBPROTOCOL]);
    client.socket.send(serializeBatch([sampleLargeFrame(4000, 1460), frame(1)]));
    await until(() => heard.length === 1);
    expect(wire.counters).toMatchObject({ framesIn: 1, malformedIn: 1 });
  });

  it("is kept no more than it can hold", async () => {
    const { url, wire, networks } = await start();
    const first = await connect(url, named(1));
    first.socket.terminate();
    await until(() => wire.resumes.kept === 1);
    for (let index = 0; index < 1000; index++) networks.get(1)!(frame(index, 1000));
    expect(wire.counters.droppedOut).toBe(1000 - 262);
    const again = await connect(url, named(1));
    expect(await again.messages(262)).toHaveLength(262);
  });

  it("is another one once its time is over", async () => {
    const { url, wire, networks } = await start({ resumeMs: 20 });
    (await connect(url, named(1))).socket.terminate();
    await until(() => wire.resumes.expired === 1);
    expect(networks.size).toBe(0);
    await connect(url, named(1));
    await until(() => networks.size === 1);
    expect([...networks.keys()]).toEqual([2]);
    expect(wire.resumes.resumed).toBe(0);
  });

  it("and comes back before its old socket is known to be dead, has the new one alone", async () => {
    const { url, networks, heard, wire } = await start();
    const old = await connect(url, named(1));
    const young = await connect(url, named(1));
    expect(await old.closed).toBe(1000);
    young.socket.send(frame(3));
    await until(() => heard.length === 1);
    networks.get(1)!(frame(4));
    expect((await young.messages(1))[0]![0]).toBe(4);
    expect([...networks.keys()]).toEqual([1]);
    expect(wire.clients).toBe(1);
  });

  it.each([
    ["says goodbye", {}, named(1), (socket: WebSocket) => socket.close(1000)],
    ["closes its tab", {}, named(1), (socket: WebSocket) => socket.close(1001)],
    ["has sent text", {}, named(1), (socket: WebSocket) => socket.send("text")],
    ["named none", {}, ["binary"], (socket: WebSocket) => socket.terminate()],
    ["is cut where nobody is kept", { resumeMs: 0 }, named(1), (socket: WebSocket) => socket.terminate()],
  ])("and %s is gone at once", async (_, options, protocols, leave) => {
    const { url, wire, networks } = await start(options);
    const client = await connect(url, protocols);
    await until(() => networks.size === 1);
    leave(client.socket);
    await until(() => networks.size === 0);
    expect(wire.clients).toBe(0);
    expect(wire.resumes.kept).toBe(0);
  });

  it("and is away gives its place to one that is there", async () => {
    const { url, wire, networks } = await start({ maxClients: 2 });
    for (const first of [1, 2]) (await connect(url, named(first))).socket.terminate();
    await until(() => wire.resumes.kept === 2);
    await connect(url, named(3));
    await until(() => networks.size === 2);
    expect([...networks.keys()]).toEqual([2, 3]);
    // The one that is left comes back although no place is free.
    await connect(url, named(2));
    expect(wire.resumes).toEqual({ kept: 2, resumed: 1, expired: 1 });
    await expect(connect(url, named(4))).rejects.toThrow("503");
  });

  it("is not waited for when the wire closes", async () => {
    const { url, wire, networks, close } = await start();
    (await connect(url, named(1))).socket.terminate();
    await connect(url, named(2));
    await until(() => wire.resumes.kept === 1);
    await close();
    expect(networks.size).toBe(0);
    expect(wire.clients).toBe(0);
  });
});
