import { once } from "node:events";
import { type AddressInfo, connect, type Socket } from "node:net";
import { afterEach, expect, it } from "vitest";
import { WebSocket } from "ws";
import { silentLogger } from "../log.ts";
import { WireServer } from "../wire/wire-server.ts";
import { createSiteServer, type SiteServerOptions } from "./site-server.ts";

const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

async function start(options: Partial<SiteServerOptions> = {}, maxClients = 64) {
  const server = createSiteServer({ connections: 2000, requestMs: 200, ...options }, (_, response) =>
    response.end("here"),
  );
  const wire = new WireServer(server, {
    mtu: 1500,
    logger: silentLogger,
    maxClients,
    attach: () => ({ receive: () => {}, close: () => {} }),
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  closers.push(async () => {
    await wire.close();
    server.closeAllConnections();
    server.close();
  });
  return { server, wire, port };
}

/** A connection, and what came on it once it is closed. */
function open(port: number): { socket: Socket; closed: Promise<string> } {
  const socket = connect(port, "127.0.0.1");
  closers.push(() => socket.destroy());
  socket.on("error", () => {});
  let said = "";
  socket.on("data", (chunk: Buffer) => {
    said += chunk;
  });
  return { socket, closed: new Promise((resolve) => socket.once("close", () => resolve(said))) };
}

const answers = async (port: number) => (await fetch(`http://127.0.0.1:${port}/`)).text();

it("hangs up on handshakes that come octet by octet, and serves others meanwhile", async () => {
  const { server, wire, port } = await start();
  const slow = Array.from({ length: 200 }, () => open(port));
  const dribble = setInterval(() => {
    for (const { socket } of slow) if (socket.writable) socket.write("x");
  }, 50);
  closers.push(() => clearInterval(dribble));
  for (const { socket } of slow) socket.write("GET /wire HTTP/1.1\r\nUpgrade: websocket\r\nX-Slow: ");
  const client = new WebSocket(`ws://127.0.0.1:${port}/wire`);
  closers.push(() => client.terminate());
  await once(client, "open");
  expect(await answers(port)).toBe("here");
  for (const said of await Promise.all(slow.map(({ closed }) => closed)))
    expect(said).toMatch(/^HTTP\/1.1 408/);
  expect(server.counters.late).toBe(200);
  expect(wire.clients).toBe(1);
  expect(client.readyState).toBe(WebSocket.OPEN);
});

it("hangs up on what is no HTTP", async () => {
  const { server, port } = await start();
  const { socket, closed } = open(port);
  socket.write("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03");
  expect(await closed).toMatch(/^HTTP\/1.1 400/);
  expect(server.counters.malformed).toBe(1);
});

it("closes connections above its bound at once, and takes new ones when there is room", async () => {
  const { server, port } = await start({ connections: 5, requestMs: 60_000 });
  const kept = Array.from({ length: 5 }, () => open(port));
  await Promise.all(kept.map(({ socket }) => once(socket, "connect")));
  const refused = Array.from({ length: 10 }, () => open(port));
  expect(await Promise.all(refused.map(({ closed }) => closed))).toEqual(Array(10).fill(""));
  expect(server.counters.tooMany).toBe(10);
  for (const { socket } of kept) socket.destroy();
  while ((await connections(server)) > 0) await new Promise((resolve) => setTimeout(resolve, 5));
  expect(await answers(port)).toBe("here");
});

it("of a thousand that want to be on the wire at once lets as many as it may, and keeps serving them", async () => {
  const { wire, port } = await start({ connections: 500 }, 64);
  const outcomes = await Promise.all(
    Array.from({ length: 1000 }, async () => {
      const socket = new WebSocket(`ws://127.0.0.1:${port}/wire`);
      closers.push(() => socket.terminate());
      return new Promise<string>((resolve) => {
        socket.once("open", () => resolve("open"));
        socket.once("error", (error) => resolve(/503/.test(error.message) ? "503" : "closed"));
      });
    }),
  );
  const count = (wanted: string) => outcomes.filter((outcome) => outcome === wanted).length;
  expect(count("open")).toBe(64);
  expect(count("503") + count("closed")).toBe(936);
  expect(wire.clients).toBe(64);
});

function connections(server: { getConnections(done: (error: unknown, count: number) => void): unknown }) {
  return new Promise<number>((resolve) => server.getConnections((_, count) => resolve(count)));
}
