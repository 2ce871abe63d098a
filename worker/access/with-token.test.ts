import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer, type IncomingHttpHeaders } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { nodePlatform } from "../../cli/engine/node-platform.ts";
import { NBD_SUBPROTOCOL } from "../../net/near/offer.ts";
import { BATCH_SUBPROTOCOL } from "../../net/wire/batch.ts";
import { silentLogger } from "../../relay/log.ts";
import { type Relay, startRelay } from "../../relay/serve.ts";
import type { Platform } from "../platform.ts";
import { withToken } from "./with-token.ts";

const TOKEN = "a-token-for-the-tests";
let tree: string;
let relay: Relay;
/** Another server, which hears what it is sent. */
const heard: IncomingHttpHeaders[] = [];
const other = createServer((request, response) => {
  heard.push(request.headers);
  response.end();
});
other.on("upgrade", (request, socket) => {
  heard.push(request.headers);
  socket.destroy();
});
let otherPort: number;

beforeAll(async () => {
  tree = await mkdtemp(join(tmpdir(), "netroot-token-"));
  await mkdir(join(tree, "tftpboot"));
  await writeFile(join(tree, "tftpboot/linux"), "kernel");
  await writeFile(join(tree, "netroot.toml"), `[access]\ntoken = "${TOKEN}"\n`);
  relay = await startRelay({ tree, listen: { port: 0 }, logger: silentLogger });
  await new Promise<void>((resolve) => other.listen(0, "127.0.0.1", resolve));
  otherPort = (other.address() as AddressInfo).port;
});
afterAll(async () => {
  await relay.close();
  other.closeAllConnections();
  await new Promise((resolve) => other.close(resolve));
  await rm(tree, { recursive: true });
});

const wireUrl = () => `${relay.url.replace("http", "ws")}wire`;
const platformWith = (token?: string) => withToken(nodePlatform, { token, wireUrl: wireUrl() });

/** The subprotocol that was picked, or "closed". */
const open = (platform: Platform, url: string, protocol: string) =>
  new Promise<string>((resolve) => {
    const socket = platform.openSocket(url, [protocol], {
      opened: () => {
        resolve(socket.protocol);
        socket.close();
      },
      message: () => {},
      closed: () => resolve("closed"),
    });
  });
const fetchFile = (platform: Platform, url: string) =>
  platform.fetchFile(url, { signal: new AbortController().signal, progress: () => {} });

describe("a machine at a relay that demands a token", () => {
  it("has its files and its sockets with it", async () => {
    const platform = platformWith(TOKEN);
    const file = await fetchFile(platform, `${relay.url}tftpboot/linux`);
    expect(file).toEqual({ ok: true, bytes: Uint8Array.from(Buffer.from("kernel")) });
    expect(await open(platform, wireUrl(), BATCH_SUBPROTOCOL)).toBe(BATCH_SUBPROTOCOL);
    expect(await open(platform, wireUrl().replace("wire", "exports"), NBD_SUBPROTOCOL)).toBe(NBD_SUBPROTOCOL);
  });

  it.each([undefined, "another-token-altogether"])("has neither with %s", async (token) => {
    const platform = platformWith(token);
    const file = await fetchFile(platform, `${relay.url}tftpboot/linux`);
    expect(file).toEqual({ ok: false, reason: "refused", status: 401 });
    expect(await open(platform, wireUrl(), BATCH_SUBPROTOCOL)).toBe("closed");
    expect(await open(platform, wireUrl().replace("wire", "exports"), NBD_SUBPROTOCOL)).toBe("closed");
  });

  it("shows it to no other server", async () => {
    const platform = platformWith(TOKEN);
    await fetchFile(platform, `http://127.0.0.1:${otherPort}/linux`);
    await open(platform, `ws://127.0.0.1:${otherPort}/wire`, BATCH_SUBPROTOCOL);
    expect(heard).toHaveLength(2);
    expect(heard[1]!["sec-websocket-protocol"]).toBe(BATCH_SUBPROTOCOL);
    expect(JSON.stringify(heard)).not.toContain(TOKEN);
  });
});
