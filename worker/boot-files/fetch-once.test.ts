import { createHash } from "node:crypto";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, beforeEach, expect, it } from "vitest";
import { fetchFile } from "./fetch-file.ts";
import { fetchOnce } from "./fetch-once.ts";
import type { KeptFiles } from "./kept-files.ts";

let server: Server;
let base: string;
let content: string;
/** What the server says of it; nothing where `undefined`. */
let said: string | undefined;
let asked: string[];
let kept: Map<string, Uint8Array>;
const hex = (text: string) => createHash("sha256").update(text).digest("hex");
const digest = (text: string) => `sha-256=:${createHash("sha256").update(text).digest("base64")}:`;
const store: KeptFiles = {
  get: async (name) => kept.get(name),
  put: async (name, bytes) => void kept.set(name, bytes),
};

beforeAll(async () => {
  server = createServer((request, response) => {
    asked.push(request.method!);
    if (said !== undefined && request.headers["want-repr-digest"] === "sha-256=1")
      response.setHeader("Repr-Digest", said);
    response.writeHead(request.url === "/missing" ? 404 : 200);
    response.end(content);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});
beforeEach(() => {
  content = "the kernel";
  said = digest(content);
  asked = [];
  kept = new Map();
});

async function fetchText(path = "/linux"): Promise<string> {
  const progress: number[] = [];
  const result = await fetchOnce(fetchFile, store)(`${base}${path}`, {
    signal: new AbortController().signal,
    progress: (received) => progress.push(received),
  });
  if (!result.ok) return result.reason;
  expect(progress.at(-1)).toBe(result.bytes.length);
  return new TextDecoder().decode(result.bytes);
}

it("fetches a file once, whatever its name, and a changed one again", async () => {
  expect([await fetchText(), await fetchText(), await fetchText("/other")]).toEqual(Array(3).fill(content));
  expect(asked).toEqual(["HEAD", "GET", "HEAD", "HEAD"]);
  content = "another kernel";
  said = digest(content);
  expect(await fetchText()).toBe("another kernel");
  expect(asked).toEqual(["HEAD", "GET", "HEAD", "HEAD", "HEAD", "GET"]);
  expect([...kept.keys()]).toEqual([hex("the kernel"), hex("another kernel")]);
});

it("takes nothing that is kept under a name that is not its content's", async () => {
  kept.set(hex(content), new TextEncoder().encode("rotten"));
  expect(await fetchText()).toBe(content);
  expect(await fetchText()).toBe(content);
  expect(asked).toEqual(["HEAD", "GET", "HEAD"]);
});

it("keeps nothing that is not what the server said it was", async () => {
  said = digest("what it was a moment ago");
  expect(await fetchText()).toBe(content);
  expect(kept.size).toBe(0);
});

it.each([undefined, "sha-512=:AAAA:", "sha-256=:AAAA:", "sha-256=nonsense", ""])(
  "fetches from a server that says %o",
  async (header) => {
    said = header;
    expect([await fetchText(), await fetchText()]).toEqual([content, content]);
    expect(asked).toEqual(["HEAD", "GET", "HEAD", "GET"]);
  },
);

it("leaves it to the fetching to say what is wrong", async () => {
  expect(await fetchText("/missing")).toBe("refused");
  expect(asked).toEqual(["HEAD", "GET"]);
});

it("fetches each time where nothing can be kept", () => {
  expect(fetchOnce(fetchFile, undefined)).toBe(fetchFile);
});
