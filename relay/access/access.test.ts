import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { request } from "node:http";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { WebSocket } from "ws";
import { bearerOf, tokenSubprotocol } from "../../net/access/token.ts";
import { NBD_SUBPROTOCOL } from "../../net/near/offer.ts";
import { BATCH_SUBPROTOCOL } from "../../net/wire/batch.ts";
import { createLogger } from "../log.ts";
import { type Relay, startRelay } from "../serve.ts";

const TOKEN = "a-token-for-the-tests";
const OTHER = "another-token-altogether";
/** A browser says of a page's own fetches where they come from, and no origin. */
const OWN_FETCH = { "Sec-Fetch-Site": "same-origin" };
let tree: string;
let log: string;
const closers: (() => unknown)[] = [];

beforeEach(async () => {
  log = "";
  tree = await mkdtemp(join(tmpdir(), "netroot-access-"));
  await mkdir(join(tree, "tftpboot/pxelinux.cfg"), { recursive: true });
  await mkdir(join(tree, "page"));
  await mkdir(join(tree, "exports"));
  await writeFile(join(tree, "exports/kisroot.img"), new Uint8Array(4096));
  await writeFile(join(tree, "page/index.html"), "<!doctype html>");
  await writeFile(join(tree, "tftpboot/pxelinux.cfg/default"), "DEFAULT a\n");
});
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
  await rm(tree, { recursive: true });
});

async function start(toml = "", host = "127.0.0.1"): Promise<Relay> {
  await writeFile(join(tree, "netroot.toml"), toml);
  const logger = createLogger({
    level: "debug",
    write: (line) => {
      log += line;
    },
  });
  const listen = { host, port: 0 };
  const relay = await startRelay({ tree, listen, page: join(tree, "page"), logger, useNbdServer: false });
  closers.push(() => relay.close());
  return relay;
}

type Headers = Record<string, string>;

/** Always over the loopback interface; `Host` is what a client of that relay would send there. */
function get({ port }: Relay, path: string, headers: Headers = {}, host = "127.0.0.1") {
  return new Promise<{ status: number; text: string; headers: Headers }>((resolve, reject) => {
    const options = { host, port, path, headers, agent: false };
    request(options, (response) => {
      let text = "";
      response.setEncoding("utf8");
      response.on("data", (chunk: string) => {
        text += chunk;
      });
      response.on("end", () =>
        resolve({ status: response.statusCode!, text, headers: response.headers as Headers }),
      );
    })
      .on("error", reject)
      .end();
  });
}

/** Tries to open a WebSocket: its subprotocol where that is possible, the status and the sentence where it is not. */
function open({ port }: Relay, path: string, protocols: string[], headers: Headers = {}) {
  return new Promise<{ opened: string } | { status: number; text: string }>((resolve, reject) => {
    const socket = new WebSocket(`ws://127.0.0.1:${port}${path}`, protocols, { headers });
    closers.push(() => socket.terminate());
    socket.once("open", () => resolve({ opened: socket.protocol }));
    socket.once("error", reject);
    socket.once("unexpected-response", (_, response) => {
      let text = "";
      response.on("data", (chunk: Buffer) => {
        text += chunk;
      });
      response.on("end", () => resolve({ status: response.statusCode!, text }));
    });
  });
}

const WIRE = ["/wire", BATCH_SUBPROTOCOL] as const;
const EXPORTS = ["/exports", NBD_SUBPROTOCOL] as const;
const SOCKETS = [WIRE, EXPORTS];
const ownOrigin = ({ port }: Relay) => ({ Origin: `http://127.0.0.1:${port}` });

describe.each(SOCKETS)("a WebSocket at %s", (path, protocol) => {
  it("is opened by the relay's own page, by a declared one, and by a program", async () => {
    const relay = await start(`[access]\norigins = ["https://lab.example"]`);
    const { port } = relay;
    for (const headers of [
      ownOrigin(relay),
      { Host: `localhost:${port}`, Origin: `http://localhost:${port}` },
      { Origin: "https://lab.example" },
      {},
    ]) {
      expect(await open(relay, path, [protocol], headers)).toEqual({ opened: protocol });
    }
    expect(relay.access).toEqual({ host: 0, origin: 0, tokenMissing: 0, tokenWrong: 0 });
  });

  it("is refused to any other page", async () => {
    const relay = await start(`[access]\norigins = ["https://lab.example"]`);
    const { port } = relay;
    const others = [
      "https://evil.example",
      "null",
      `https://127.0.0.1:${port}`,
      `http://127.0.0.1:${port + 1}`,
      `http://localhost:${port}`,
      `http://127.0.0.1:${port}/`,
      "https://lab.example.evil.example",
      "http://lab.example",
      "https://LAB.example",
      "",
    ];
    for (const Origin of others) {
      const refused = await open(relay, path, [protocol], { Origin });
      expect(refused, Origin).toMatchObject({ status: 403 });
      expect(refused).toMatchObject({ text: expect.stringContaining("[access] origins") });
    }
    expect(relay.access.origin).toBe(others.length);
    expect(log.match(/refused 127\.0\.0\.1: its page is of/g)).toHaveLength(1);
  });

  it("is refused to who calls the relay by another name, though its origin fits", async () => {
    const relay = await start();
    const name = `evil.example:${relay.port}`;
    const refused = await open(relay, path, [protocol], { Host: name, Origin: `http://${name}` });
    expect(refused).toMatchObject({ status: 421, text: expect.stringContaining("[access] hosts") });
    expect(relay.access).toMatchObject({ host: 1, origin: 0 });
  });

  it("asks programs for the token where one is configured, and not the relay's own page", async () => {
    const relay = await start(`[access]\ntoken = "${TOKEN}"`);
    expect(await open(relay, path, [protocol], ownOrigin(relay))).toEqual({ opened: protocol });
    expect(await open(relay, path, [protocol])).toMatchObject({ status: 401 });
    expect(await open(relay, path, [protocol, tokenSubprotocol(OTHER)])).toMatchObject({ status: 401 });
    expect(await open(relay, path, [protocol, tokenSubprotocol("")])).toMatchObject({ status: 401 });
    expect(await open(relay, `${path}?token=${TOKEN}`, [protocol])).toMatchObject({ status: 401 });
    expect(await open(relay, path, [tokenSubprotocol(TOKEN), protocol])).toEqual({ opened: protocol });
    expect(await open(relay, path, [protocol], { Authorization: bearerOf(TOKEN) })).toEqual({
      opened: protocol,
    });
    expect(relay.access).toEqual({ host: 0, origin: 0, tokenMissing: 2, tokenWrong: 2 });
  });

  it("asks everybody who comes through a reverse proxy for the token", async () => {
    const relay = await start(
      `[access]\ntoken = "${TOKEN}"\nhosts = ["lab.example"]\norigins = ["https://lab.example"]`,
    );
    const proxied = { Host: "lab.example", Origin: "https://lab.example" };
    expect(await open(relay, path, [protocol], proxied)).toMatchObject({ status: 401 });
    expect(await open(relay, path, [protocol, tokenSubprotocol(TOKEN)], proxied)).toEqual({
      opened: protocol,
    });
  });

  it("asks everybody for the token where others can reach the relay, and makes one where there is none", async () => {
    const relay = await start("", "0.0.0.0");
    const token = new URL(relay.link).hash.slice("#token=".length);
    expect(token).toMatch(/^[A-Za-z0-9_-]{22}$/);
    expect(await open(relay, path, [protocol])).toMatchObject({ status: 401 });
    expect(await open(relay, path, [protocol], ownOrigin(relay))).toMatchObject({
      status: 401,
      text: expect.stringContaining("open the link that `netroot serve` printed"),
    });
    expect(await open(relay, path, [protocol, tokenSubprotocol(token)], ownOrigin(relay))).toEqual({
      opened: protocol,
    });
    const evil = { Origin: "https://evil.example" };
    expect(await open(relay, path, [protocol, tokenSubprotocol(token)], evil)).toMatchObject({ status: 403 });
    expect(relay.url).not.toContain(token);
    expect(JSON.stringify(relay.status())).not.toContain(token);
    expect(log).not.toContain(token);
  });
});

describe("the wire with a token", () => {
  it("never answers with it: not to whom offers nothing else either", async () => {
    const relay = await start(`[access]\ntoken = "${TOKEN}"`);
    const handshake = [
      "GET /wire HTTP/1.1",
      `Host: 127.0.0.1:${relay.port}`,
      "Connection: Upgrade",
      "Upgrade: websocket",
      "Sec-WebSocket-Version: 13",
      "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
      `Sec-WebSocket-Protocol: ${tokenSubprotocol(TOKEN)}`,
    ];
    const socket = connect(relay.port, "127.0.0.1");
    closers.push(() => socket.destroy());
    socket.write(`${handshake.join("\r\n")}\r\n\r\n`);
    const answer = await new Promise<string>((resolve) =>
      socket.once("data", (data) => resolve(String(data))),
    );
    expect(answer).toMatch(/^HTTP\/1\.1 101 /);
    expect(answer).not.toMatch(/Sec-WebSocket-Protocol/i);
    expect(answer).not.toContain(TOKEN);
  });
});

describe("what is served by HTTP", () => {
  const PAGE = ["/", "/healthz"];
  const HELD = ["/tftpboot/pxelinux.cfg/default", "/status", "/exports"];

  it("is there for whoever calls the relay by its names, and a sentence for others", async () => {
    const relay = await start(`[access]\nhosts = ["lab.example"]`);
    const { port } = relay;
    for (const path of [...PAGE, ...HELD]) {
      for (const Host of [`127.0.0.1:${port}`, `localhost:${port}`, `[::1]:${port}`, "lab.example"]) {
        expect((await get(relay, path, { Host })).status, `${Host}${path}`).toBe(200);
      }
      for (const Host of [`evil.example:${port}`, "evil.example", `0.0.0.0:${port}`, "?", "a b"]) {
        const { status, text } = await get(relay, path, { Host });
        expect(status, `${Host}${path}`).toBe(421);
        expect(text).toMatch(/^This relay does not go by the name in your request\. .*\n$/);
      }
    }
    expect(relay.access.host).toBe(5 * 5);
    expect(log.match(/refused 127\.0\.0\.1: it asked for the host evil\.example/g)).toHaveLength(1);
  });

  it.each(["HTTP/1.0", "HTTP/1.1\r\nHost:"])(
    "is refused to a client that names no host: %j",
    async (rest) => {
      const { port } = await start();
      const socket = connect(port, "127.0.0.1");
      closers.push(() => socket.destroy());
      socket.write(`GET /status ${rest}\r\n\r\n`);
      const answer = await new Promise<string>((resolve) =>
        socket.once("data", (data) => resolve(String(data))),
      );
      expect(answer).toMatch(/^HTTP\/1\.1 421 /);
    },
  );

  it("is open to anybody as far as it is the page, and to holders of the token beyond", async () => {
    const relay = await start(`[access]\ntoken = "${TOKEN}"`, "0.0.0.0");
    for (const path of PAGE) expect((await get(relay, path)).status, path).toBe(200);
    for (const path of [...HELD, "/firmware/bios.bin", "/tftpboot/none", "/tftpboot"]) {
      const { status, text, headers } = await get(relay, path, OWN_FETCH);
      expect(status, path).toBe(401);
      expect(text).toContain("asks for its token");
      expect(headers["www-authenticate"]).toBe("Bearer");
      expect((await get(relay, path, { Authorization: bearerOf(OTHER) })).status, path).toBe(401);
      expect((await get(relay, `${path}?token=${TOKEN}`)).status, path).toBe(401);
    }
    for (const path of HELD) {
      expect((await get(relay, path, { Authorization: bearerOf(TOKEN) })).status, path).toBe(200);
    }
    expect(relay.access).toEqual({ host: 0, origin: 0, tokenMissing: 12, tokenWrong: 6 });
    expect(JSON.parse((await get(relay, "/healthz")).text)).toEqual({ ok: true });
    const health = await get(relay, "/healthz", { Authorization: bearerOf(TOKEN) });
    expect(JSON.parse(health.text)).toEqual({
      ok: true,
      exports: [expect.objectContaining({ name: "kisroot" })],
    });
    expect(log).not.toContain(TOKEN);
  });

  it("asks programs, and no browser, for the token where only this machine can reach it", async () => {
    const relay = await start(`[access]\ntoken = "${TOKEN}"`);
    for (const path of HELD) {
      expect((await get(relay, path)).status, path).toBe(401);
      expect((await get(relay, path, OWN_FETCH)).status, path).toBe(200);
      expect((await get(relay, path, { Authorization: bearerOf(TOKEN) })).status, path).toBe(200);
    }
    expect(relay.link).toBe(`${relay.url}#token=${TOKEN}`);
  });

  it("asks nobody where none is configured and only this machine can reach it", async () => {
    const relay = await start();
    for (const path of HELD) expect((await get(relay, path)).status, path).toBe(200);
    expect(relay.link).toBe(relay.url);
  });
});

describe("a relay on all addresses", () => {
  it("prints a link that works, and says who may read", async () => {
    const relay = await start("", "0.0.0.0");
    const { hostname, hash } = new URL(relay.link);
    const authorized = { Authorization: bearerOf(hash.slice("#token=".length)) };
    expect((await get(relay, "/status", authorized, hostname)).status).toBe(200);
    expect(relay.status().notices).toContainEqual({
      code: "open-to-all",
      message: expect.stringContaining("whoever has its link may read"),
    });
  });

  it("makes another token each time, unless one is configured", async () => {
    const tokens = [(await start("", "0.0.0.0")).link, (await start("", "0.0.0.0")).link].map(
      (link) => new URL(link).hash,
    );
    expect(new Set(tokens).size).toBe(2);
    const kept = await start(`[access]\ntoken = "${TOKEN}"`, "0.0.0.0");
    expect(new URL(kept.link).hash).toBe(`#token=${TOKEN}`);
  });
});
