import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import WebSocket from "ws";
import { nodePlatform } from "../../cli/engine/node-platform.ts";
import { NbdClient } from "../../net/nbd/client.ts";
import { NBD_PORT } from "../../net/nbd/constants.ts";
import { BLOCK_BYTES } from "../../net/near/boot-trace.ts";
import { NBD_SUBPROTOCOL, parseOffer } from "../../net/near/offer.ts";
import { Near, type NearState } from "../../worker/near/near.ts";
import { NearExport } from "../../worker/near/near-export.ts";
import { GuestNbd } from "../client/guest-nbd.ts";
import { GuestStation } from "../client/guest-station.ts";
import { SyntheticGuest } from "../client/synthetic-guest.ts";
import { silentLogger } from "../log.ts";
import { type Relay, startRelay } from "../serve.ts";
import { octetsOf } from "../wire/frame-link.ts";

const SIZE = 6 * 1024 * 1024 + 512;
let tree: string;
let image: Buffer;
const closers: (() => unknown)[] = [];

beforeEach(async () => {
  tree = await mkdtemp(join(tmpdir(), "netroot-near-"));
  await mkdir(join(tree, "tftpboot/pxelinux.cfg"), { recursive: true });
  await mkdir(join(tree, "exports"));
  image = randomBytes(SIZE);
  await writeFile(join(tree, "exports/kisroot.img"), image);
});
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
  await rm(tree, { recursive: true });
});

async function start(port = 0): Promise<Relay> {
  const relay = await startRelay({ tree, listen: { port }, logger: silentLogger });
  closers.push(() => relay.close());
  await until(() => relay.status().exports.every(({ state }) => state === "ready"));
  return relay;
}

async function until(condition: () => boolean | Promise<boolean>) {
  while (!(await condition())) await new Promise((resolve) => setTimeout(resolve, 5));
}

const wireUrl = (relay: Relay) => `${relay.url.replace("http", "ws")}wire`;

async function offerOf(relay: Relay) {
  return parseOffer(await (await fetch(new URL("exports", relay.url))).text())!;
}

/** A guest whose frames go near where they may, and over the wire else. */
async function plugIn(url: string, append = "root=overlay:nbd=10.86.0.1:kisroot") {
  const states: NearState[] = [];
  const failures: string[] = [];
  const toWire: Uint8Array[] = [];
  let station: GuestStation | undefined;
  const guest = await SyntheticGuest.connect({ url, observe: (frame) => station?.receive(frame) });
  closers.push(() => guest.close());
  const lease = await guest.acquire();
  // Its own stack would reset the connections of ours.
  guest.station.close();
  const near = new Near({
    wireUrl: url,
    append,
    mtu: 1500,
    platform: nodePlatform,
    transmit: (frame) => void queueMicrotask(() => station?.receive(frame)),
    toWire: (frame) => {
      toWire.push(frame);
      guest.link.send(frame);
    },
    changed: (state) => states.push(state),
    failed: (why) => failures.push(why),
  });
  closers.push(() => near.close());
  station = new GuestStation(lease, {
    mac: guest.mac,
    mtu: 1500,
    transmit: (frame) => {
      if (near.take(frame)) return;
      toWire.push(frame);
      guest.link.send(frame);
    },
  });
  const own = station;
  closers.push(() => own.close());
  near.open();
  const attach = (name = "kisroot") =>
    GuestNbd.open((handler) => own.connect({ address: lease.server, port: NBD_PORT }, handler), name);
  return { near, states, failures, toWire, attach };
}

describe("a guest with the gateway near it", () => {
  it("reads the image on the real nbd-server byte for byte, and none of it passes the wire", async () => {
    const relay = await start();
    const { near, states, toWire, attach } = await plugIn(wireUrl(relay));
    await until(() => near.state === "near");
    near.prefetch();
    const nbd = await attach();
    expect(nbd.info).toMatchObject({ sizeBytes: SIZE, readOnly: true });
    for (let at = 0; at < SIZE; at += 100_000) {
      const length = Math.min(100_000, SIZE - at);
      expect(image.compare(await nbd.read(at, length), 0, length, at, at + length)).toBe(0);
    }
    const { readBytes, aheadBytes, description } = relay.status().exports[0]!;
    expect(description).toMatch(/^nbd-server on /);
    expect(readBytes + aheadBytes).toBe(SIZE);
    expect(aheadBytes).toBeGreaterThan(0);
    expect(near.totals).toMatchObject({ fetchedBytes: readBytes, aheadBytes });
    expect(near.totals.bytesOut).toBeGreaterThan(SIZE);
    // ARP, and nothing that grows with what was read.
    expect(toWire.length).toBeLessThan(10);
    expect(states).toEqual(["near"]);
  });

  it("that opens its connection before anything is known waits for it, and has it near", async () => {
    const { near, toWire, attach } = await plugIn(wireUrl(await start()));
    expect(near.state).toBe("wire");
    const nbd = await attach();
    expect(near.state).toBe("near");
    const bytes = await nbd.read(0, 100_000);
    expect(image.compare(bytes, 0, 100_000, 0, 100_000)).toBe(0);
    expect(toWire.length).toBeLessThan(10);
  });

  it("tells the relay what it asked for, and the next one has it ready", async () => {
    const relay = await start();
    const first = await plugIn(wireUrl(relay));
    await until(() => first.near.state === "near");
    const nbd = await first.attach();
    await nbd.read(20 * BLOCK_BYTES, 10);
    await nbd.read(3 * BLOCK_BYTES, BLOCK_BYTES + 1);
    first.near.endTrace();
    await nbd.read(9 * BLOCK_BYTES, 10);
    await until(async () => (await offerOf(relay)).exports[0]!.trace.length > 0);
    expect((await offerOf(relay)).exports[0]!.trace).toEqual([20, 3, 4]);

    const before = relay.status().exports[0]!;
    const second = await plugIn(wireUrl(relay));
    await until(() => second.near.state === "near");
    second.near.prefetch();
    const again = await second.attach();
    await until(() => relay.status().exports[0]!.aheadBytes === before.aheadBytes + 3 * BLOCK_BYTES);
    const bytes = await again.read(20 * BLOCK_BYTES, 10);
    expect(image.compare(bytes, 0, 10, 20 * BLOCK_BYTES, 20 * BLOCK_BYTES + 10)).toBe(0);
    expect(relay.status().exports[0]!.readBytes).toBe(before.readBytes);
  });

  it("waits for a relay that is started anew in the middle, and goes on", async () => {
    const relay = await start();
    const { near, states, attach } = await plugIn(wireUrl(relay));
    await until(() => near.state === "near");
    const nbd = await attach();
    await nbd.read(0, 10);
    await relay.close();
    await until(() => near.state === "lost");
    const at = 100 * BLOCK_BYTES;
    const read = nbd.read(at, 300_000);
    await start(relay.port);
    expect(image.compare(await read, 0, 300_000, at, at + 300_000)).toBe(0);
    expect(near.state).toBe("near");
    expect(states).toEqual(["near", "lost", "near"]);
  });

  it("is refused an image of another size that is there when the relay comes back", async () => {
    const relay = await start();
    const { near, failures, attach } = await plugIn(wireUrl(relay));
    await until(() => near.state === "near");
    const nbd = await attach();
    await nbd.read(0, 10);
    await relay.close();
    await writeFile(join(tree, "exports/kisroot.img"), randomBytes(SIZE + 512));
    const read = nbd.read(50 * BLOCK_BYTES, 10);
    const refused = expect(read).rejects.toThrow();
    await start(relay.port);
    await refused;
    expect(failures[0]).toContain(`changed its size from ${SIZE} to ${SIZE + 512} bytes`);
  });

  it("hears which exports there are when it asks for another", async () => {
    const { near, attach } = await plugIn(wireUrl(await start()));
    await until(() => near.state === "near");
    await expect(attach("wrongname")).rejects.toThrow(/no export "wrongname" here; there is: kisroot/);
  });

  it("stays on the wire where the command line names no export that is offered", async () => {
    const relay = await start();
    const { near, toWire, attach } = await plugIn(wireUrl(relay), "root=/dev/sda1");
    await until(async () => (await offerOf(relay)).complete);
    const nbd = await attach();
    const bytes = await nbd.read(0, 100_000);
    expect(image.compare(bytes, 0, 100_000, 0, 100_000)).toBe(0);
    expect(near.state).toBe("wire");
    expect(near.totals).toMatchObject({ framesIn: 0, framesOut: 0 });
    expect(toWire.length).toBeGreaterThan(3);
  });
});

it("an export that is closed opens nothing any more, whoever still reads", async () => {
  const relay = await start();
  const [offered] = (await offerOf(relay)).exports;
  let opened = 0;
  const platform = {
    ...nodePlatform,
    openSocket: (...socket: Parameters<typeof nodePlatform.openSocket>) => {
      opened += 1;
      return nodePlatform.openSocket(...socket);
    },
  };
  const url = `${relay.url.replace("http", "ws")}exports`;
  const near = new NearExport({ url, offered: offered!, platform, changed: () => {} });
  await near.read(0, 10);
  // A sequential reader, for whom more would be read ahead.
  const last = near.read(10, BLOCK_BYTES).catch(() => {});
  await near.close();
  await last;
  const opens = opened;
  await expect(near.read(50 * BLOCK_BYTES, 10)).rejects.toMatchObject({ code: "ESHUTDOWN" });
  expect(opened).toBe(opens);
});

describe("a writable export near the guest", () => {
  it("is written through, and nothing of it is kept", async () => {
    await writeFile(
      join(tree, "netroot.toml"),
      '[[export]]\nname = "data"\nimage = "exports/kisroot.img"\nreadonly = false\n',
    );
    const relay = await start();
    const offered = (await offerOf(relay)).exports.find(({ name }) => name === "data")!;
    expect(offered.readOnly).toBe(false);
    const url = `${relay.url.replace("http", "ws")}exports`;
    const open = () => new NearExport({ url, offered, platform: nodePlatform, changed: () => {} });
    const [one, other] = [open(), open()];
    closers.push(
      () => one.close(),
      () => other.close(),
    );
    await other.read(0, 4096);
    const bytes = new Uint8Array(700_000).fill(7);
    await one.write!(1024, bytes);
    await one.flush!();
    expect(
      (await readFile(join(tree, "exports/kisroot.img"))).compare(bytes, 0, 700_000, 1024, 701_024),
    ).toBe(0);
    expect(await other.read(1024, 4096)).toEqual(bytes.slice(0, 4096));
  });
});

describe("the relay's exports over a WebSocket", () => {
  const open = (relay: Relay, options: { origin?: string; protocols?: string[] } = {}) =>
    new WebSocket(
      `${relay.url.replace("http", "ws")}exports`,
      options.protocols ?? [NBD_SUBPROTOCOL],
      options.origin === undefined ? {} : { origin: options.origin },
    );
  const outcome = (socket: WebSocket) =>
    new Promise<string>((resolve) => {
      socket.on("open", () => resolve("open"));
      socket.on("error", (error) => resolve(error.message));
    });

  it("are for the relay's own page, and for those who speak the protocol", async () => {
    const relay = await start();
    expect(await outcome(open(relay, { origin: "https://example.org" }))).toContain("403");
    expect(await outcome(open(relay, { protocols: [] }))).toContain("400");
    const own = open(relay, { origin: new URL(relay.url).origin });
    expect(await outcome(own)).toBe("open");
    own.terminate();
  });

  it("are not read for one that does not take them", async () => {
    const relay = await start();
    const socket = open(relay);
    const [count, length] = [60, 4 * 1024 * 1024];
    let replies = 0;
    const client = await new Promise<NbdClient>((resolve) => {
      const client: NbdClient = new NbdClient("kisroot", {
        ready: () => resolve(client),
        reply: () => {
          replies += 1;
        },
        ended: () => {},
      });
      client.attach({
        write: (bytes) => {
          socket.send(bytes);
          return true;
        },
        end: () => socket.close(),
        abort: () => socket.terminate(),
        pause: () => {},
        resume: () => {},
      });
      socket.on("message", (data: Buffer) => client.data(octetsOf(data)));
    });
    socket.pause();
    for (let cookie = 0; cookie < count; cookie += 1) client.read(BigInt(cookie), 0, length);
    const readBytes = () => relay.status().exports[0]!.readBytes;
    await until(() => readBytes() > 0);
    // As much as one session may have under way, and what the sockets hold.
    for (let last = -1; readBytes() !== last; await new Promise((resolve) => setTimeout(resolve, 200)))
      last = readBytes();
    expect(readBytes()).toBeLessThan((count * length) / 3);
    socket.resume();
    await until(() => replies === count);
    socket.terminate();
  });

  it("are not disturbed by one that sends garbage", async () => {
    const relay = await start();
    const { near, attach } = await plugIn(wireUrl(relay));
    await until(() => near.state === "near");
    for (let round = 0; round < 20; round += 1) {
      const socket = open(relay);
      await outcome(socket);
      socket.send("{not a trace");
      socket.send(JSON.stringify({ name: "nothing", blocks: [1] }));
      // With fewer than the four of its flags it is a client that has not said anything yet.
      socket.send(randomBytes(4 + Math.floor(Math.random() * 3000)));
      if (round % 2 === 0) socket.terminate();
      else await once(socket, "close");
    }
    const bytes = await (await attach()).read(0, 100_000);
    expect(image.compare(bytes, 0, 100_000, 0, 100_000)).toBe(0);
    expect((await offerOf(relay)).exports[0]!.trace.every((block) => block < 4)).toBe(true);
  });
});

it("a relay that offers no exports is asked once, and everything stays on the wire", async () => {
  let asked = 0;
  const http = createServer((_, response) => {
    asked += 1;
    response.writeHead(404).end();
  });
  http.listen(0, "127.0.0.1");
  await once(http, "listening");
  closers.push(() => http.close());
  const { port } = http.address() as AddressInfo;
  const near = new Near({
    wireUrl: `ws://127.0.0.1:${port}/wire`,
    append: "root=overlay:nbd=10.86.0.1:kisroot",
    mtu: 1500,
    platform: nodePlatform,
    transmit: () => {},
    toWire: () => {},
    changed: () => {},
    failed: () => {},
  });
  near.open();
  await until(() => asked === 1);
  expect(near.take(new Uint8Array(100))).toBe(false);
  await near.close();
  expect([near.state, asked]).toEqual(["wire", 1]);
});
