import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { afterEach, expect, it } from "vitest";
import { startDelayProxy } from "./delay-proxy.ts";
import { rateOf } from "./throughput.ts";

const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

async function echo() {
  const sockets = new Set<Socket>();
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    sockets.add(socket.once("close", () => sockets.delete(socket)));
    socket.on("error", () => {});
    socket.pipe(socket);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  closers.push(() => server.close());
  return { port: (server.address() as AddressInfo).port, sockets };
}

it("hands everything on in its order, and the end after it", async () => {
  const { port } = await echo();
  const proxy = await startDelayProxy(port, 5);
  closers.push(() => proxy.close());
  const sent = randomBytes(3_000_000);
  const socket = connect(proxy.port, "127.0.0.1");
  socket.end(sent);
  const received: Buffer[] = [];
  for await (const chunk of socket) received.push(chunk as Buffer);
  expect(Buffer.concat(received).equals(sent)).toBe(true);
});

it("keeps what it has for half the round trip, each way", async () => {
  const { port } = await echo();
  const took = async (roundTripMs: number) => {
    const proxy = await startDelayProxy(port, roundTripMs);
    closers.push(() => proxy.close());
    const socket = connect(proxy.port, "127.0.0.1");
    closers.push(() => socket.destroy());
    const ask = async () => {
      socket.write("x");
      await once(socket, "data");
    };
    await ask();
    const startMs = performance.now();
    await ask();
    return performance.now() - startMs;
  };
  expect(await took(400)).toBeGreaterThan(await took(0));
});

it("leaves nothing open", async () => {
  const { port, sockets } = await echo();
  const proxy = await startDelayProxy(port, 5);
  const socket = connect(proxy.port, "127.0.0.1");
  socket.on("error", () => {});
  socket.write("x");
  await once(socket, "data");
  const closed = once(socket, "close");
  await proxy.close();
  await closed;
  while (sockets.size > 0) await new Promise((resolve) => setTimeout(resolve, 5));
});

it("reads the rate that dd says", () => {
  expect(rateOf("20971520 bytes (21 MB, 20 MiB) copied, 2 s, 10.5 MB/s")).toBeCloseTo(10.48576);
  expect(() => rateOf("dd: failed to open '/dev/nbd0'")).toThrow("did not say how fast");
});
