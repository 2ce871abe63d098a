import { createHash } from "node:crypto";
import { chmod, mkdir, mkdtemp, rm, symlink, truncate, writeFile } from "node:fs/promises";
import { createServer, type IncomingHttpHeaders, request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { NearOffer } from "../../net/near/offer.ts";
import type { ExportState, RelayStatus } from "../../net/status/status.ts";
import { Access } from "../access/access.ts";
import { silentLogger } from "../log.ts";
import { ListenError, listen } from "./listen.ts";
import { parseRange } from "./range.ts";
import { answer } from "./routes.ts";

const BYTES = Buffer.from(Array.from({ length: 1000 }, (_, index) => index % 251));
let folder: string;
let port: number;
let exportState: ExportState | "none" = "ready";
const access = new Access({ listenHost: "127.0.0.1", logger: silentLogger });
const server = createServer((incoming, outgoing) => {
  const metrics = { contentType: "text/plain; version=0.0.4", text: async () => "netroot_clients 0\n" };
  const tree = join(folder, "tree");
  const site = {
    tree,
    tftpboot: join(tree, "tftpboot"),
    page: join(folder, "page"),
    status,
    offer,
    access,
    metrics,
  };
  answer(site, incoming, outgoing).catch(() => outgoing.destroy());
});

function status(): RelayStatus {
  return {
    version: "0",
    tree: "tree",
    network: { server: "10.86.0.1", client: "10.86.0.100", mode: "isolated" },
    mtu: 1500,
    exports: [exportState].flatMap((state) => {
      if (state === "none") return [];
      return {
        name: "kisroot",
        sizeBytes: 1,
        readOnly: true,
        description: "a test",
        state,
        detail: "because",
        reads: 0,
        readBytes: 0,
        aheadBytes: 0,
      };
    }),
    clients: 0,
    clientsAway: 0,
    notices: [],
  };
}

function offer(): NearOffer {
  return { server: 0x0a560001, complete: true, exports: [] };
}

/** Unlike fetch it sends the path as it stands. */
function get(path: string, headers: Record<string, string> = {}, method = "GET") {
  return new Promise<{ status: number; headers: IncomingHttpHeaders; body: Buffer; text: string }>(
    (resolve, reject) => {
      const sent = request({ host: "127.0.0.1", port, path, headers, method, agent: false }, (response) => {
        const chunks: Buffer[] = [];
        response.on("data", (chunk: Buffer) => chunks.push(chunk));
        response.on("error", reject);
        response.on("end", () => {
          const body = Buffer.concat(chunks);
          resolve({ status: response.statusCode!, headers: response.headers, body, text: body.toString() });
        });
      });
      sent.on("error", reject);
      sent.end();
    },
  );
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "netroot-site-"));
  const tree = join(folder, "tree");
  await mkdir(join(tree, "tftpboot/boot"), { recursive: true });
  await mkdir(join(tree, "firmware"));
  await mkdir(join(folder, "page/assets"), { recursive: true });
  await writeFile(join(tree, "netroot.toml"), "secret");
  await writeFile(join(tree, "tftpboot/boot/linux"), BYTES);
  await writeFile(join(tree, "tftpboot/boot/with space#?"), "odd");
  await writeFile(join(tree, "tftpboot/empty"), "");
  await symlink("boot/linux", join(tree, "tftpboot/vmlinuz"));
  await symlink("../netroot.toml", join(tree, "tftpboot/out"));
  await symlink("/etc", join(tree, "tftpboot/etc"));
  await symlink("round", join(tree, "tftpboot/round"));
  await writeFile(join(tree, "firmware/own.rom"), "rom");
  await writeFile(join(folder, "page/index.html"), "<!doctype html>");
  await writeFile(join(folder, "page/.sources-sha256"), "x");
  await writeFile(join(folder, "page/assets/main-abc.js"), "1");
  port = await listen(server, "127.0.0.1", 0);
});
afterAll(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  await rm(folder, { recursive: true });
});

describe("the boot tree over HTTP", () => {
  it("is sent whole, with its length and a tag", async () => {
    const { status, headers, body } = await get("/tftpboot/boot/linux");
    expect(status).toBe(200);
    expect(headers["content-length"]).toBe("1000");
    expect(headers["content-type"]).toBe("application/octet-stream");
    expect(body.equals(BYTES)).toBe(true);
    expect(headers.etag).toMatch(/^"[^"]+"$/);
  });

  it.each([
    ["/tftpboot//boot/./linux", 1000],
    ["/tftpboot/vmlinuz", 1000],
    ["/tftpboot/boot/linux?x=/../../", 1000],
    ["/tftpboot/%62oot%2Flinux", 1000],
    ["/tftpboot/boot/with%20space%23%3F", 3],
    ["/tftpboot/empty", 0],
    ["/firmware/own.rom", 3],
  ])("is found at %s", async (path, length) => {
    const { status, body } = await get(path);
    expect([status, body.length]).toEqual([200, length]);
  });

  it.each([
    ["/tftpboot/../netroot.toml", 400],
    ["/tftpboot/boot/../../netroot.toml", 400],
    ["/tftpboot/%2e%2e/netroot.toml", 400],
    ["/tftpboot/..%2Fnetroot.toml", 400],
    ["/tftpboot/%2E%2E%2F%2E%2E%2Fetc/passwd", 400],
    ["/tftpboot/boot/linux%00.txt", 400],
    ["/tftpboot/%", 400],
    ["/tftpboot/%ff", 400],
    ["/firmware/../netroot.toml", 400],
    ["/../tree/netroot.toml", 400],
    ["/tftpboot/out", 403],
    ["/tftpboot/etc/passwd", 403],
    ["/tftpboot/etc", 403],
    ["/tftpboot/round", 404],
    ["/tftpboot/etc/passwd/x", 404],
    ["/tftpboot/boot", 404],
    ["/tftpboot/boot/linux/x", 404],
    ["/tftpboot/gone", 404],
    ["/tftpboot", 404],
    [`/tftpboot/${"x".repeat(5000)}`, 404],
    ["/netroot.toml", 404],
    ["/.sources-sha256", 404],
    ["/firmware/none.bin", 404],
    ["/exports/kisroot.squashfs", 404],
  ])("gives nothing away at %s", async (path, expected) => {
    const { status, text, headers } = await get(path);
    expect(text).not.toContain("secret");
    expect(text).not.toContain(folder);
    expect(text).toMatch(/^[^\n]+[.:)]\n$/); // one sentence
    expect(headers["content-type"]).toContain("text/plain");
    expect(status).toBe(expected);
  });

  it("answers HEAD with the length and no body", async () => {
    const { status, headers, body } = await get("/tftpboot/boot/linux", {}, "HEAD");
    expect([status, headers["content-length"], body.length]).toEqual([200, "1000", 0]);
  });

  it.each([
    ["bytes=0-0", 206, 0, 1],
    ["bytes=10-19", 206, 10, 20],
    ["bytes=990-", 206, 990, 1000],
    ["bytes=-7", 206, 993, 1000],
    ["bytes=-2000", 206, 0, 1000],
    ["bytes=999-5000", 206, 999, 1000],
    ["bytes=5-2", 200, 0, 1000],
    ["bytes=0-1,5-6", 200, 0, 1000],
    ["lines=1-2", 200, 0, 1000],
  ])("answers the range %s", async (range, status, start, end) => {
    const answer = await get("/tftpboot/boot/linux", { Range: range });
    expect(answer.status).toBe(status);
    expect(answer.body.equals(BYTES.subarray(start, end))).toBe(true);
    expect(answer.headers["content-range"]).toBe(
      status === 206 ? `bytes ${start}-${end - 1}/1000` : undefined,
    );
  });

  it.each(["bytes=1000-", "bytes=-0"])("refuses the range %s", async (range) => {
    const { status, headers } = await get("/tftpboot/boot/linux", { Range: range });
    expect([status, headers["content-range"]]).toEqual([416, "bytes */1000"]);
  });

  it("says when nothing changed, and ignores the range of another version", async () => {
    const etag = (await get("/tftpboot/boot/linux")).headers.etag!;
    expect((await get("/tftpboot/boot/linux", { "If-None-Match": `"x", ${etag}` })).status).toBe(304);
    expect((await get("/tftpboot/boot/linux", { "If-None-Match": '"x"' })).status).toBe(200);
    expect((await get("/tftpboot/boot/linux", { Range: "bytes=0-1", "If-Range": etag })).status).toBe(206);
    expect((await get("/tftpboot/boot/linux", { Range: "bytes=0-1", "If-Range": '"x"' })).status).toBe(200);
  });

  it("has another tag once the file changed", async () => {
    const path = join(folder, "tree/tftpboot/changing");
    await writeFile(path, "1234");
    const before = (await get("/tftpboot/changing")).headers.etag;
    await writeFile(path, "4321");
    expect((await get("/tftpboot/changing")).headers.etag).not.toBe(before);
  });

  it("says the SHA-256 of a file's content to those who want it", async () => {
    const path = join(folder, "tree/tftpboot/digested");
    await writeFile(path, "1234");
    const digest = async (want: string) =>
      (await get("/tftpboot/digested", { "Want-Repr-Digest": want })).headers["repr-digest"];
    const sha256 = (text: string) => `sha-256=:${createHash("sha256").update(text).digest("base64")}:`;
    expect(await digest("sha-512=3, sha-256=1")).toBe(sha256("1234"));
    expect(await digest("sha-256=10")).toBe(sha256("1234"));
    expect(await digest("sha-256=0")).toBeUndefined();
    expect((await get("/tftpboot/digested")).headers["repr-digest"]).toBeUndefined();
    await writeFile(path, "4321");
    expect(await digest("sha-256=1")).toBe(sha256("4321"));
    const part = await get("/tftpboot/digested", { "Want-Repr-Digest": "sha-256=1", Range: "bytes=0-1" });
    expect([part.status, part.headers["repr-digest"]]).toEqual([206, sha256("4321")]);
  });

  it("cuts the connection when a file shrinks while it is sent", async () => {
    const path = join(folder, "tree/tftpboot/shrinking");
    await writeFile(path, "");
    await truncate(path, 64 * 1024 * 1024);
    const outcome = await new Promise<string>((resolve) => {
      const sent = request(
        { host: "127.0.0.1", port, path: "/tftpboot/shrinking", agent: false },
        (response) => {
          response.pause();
          response.on("error", () => resolve("cut"));
          response.on("end", () => resolve("whole"));
          truncate(path, 10).then(() => response.resume());
        },
      );
      sent.on("error", () => resolve("cut"));
      sent.end();
    });
    expect(outcome).toBe("cut");
  });

  it.skipIf(process.getuid?.() === 0)("says that permissions are missing", async () => {
    const path = join(folder, "tree/tftpboot/private");
    await writeFile(path, "x");
    await chmod(path, 0);
    expect((await get("/tftpboot/private")).status).toBe(403);
  });
});

describe("the page over HTTP", () => {
  it("is cross-origin isolated, under a policy that lets v86 run", async () => {
    const { status, headers } = await get("/");
    expect(status).toBe(200);
    expect(headers).toMatchObject({
      "content-type": "text/html; charset=utf-8",
      "cross-origin-opener-policy": "same-origin",
      "cross-origin-embedder-policy": "require-corp",
      "cross-origin-resource-policy": "same-origin",
      "cache-control": "no-cache",
    });
    expect(headers["content-security-policy"]).toContain("script-src 'self' 'wasm-unsafe-eval';");
    expect(headers["content-security-policy"]).toContain("worker-src 'self' blob:;");
  });

  it("lets hashed files be kept", async () => {
    expect((await get("/assets/main-abc.js")).headers["cache-control"]).toContain("immutable");
  });

  it("says what to do where it was never built", async () => {
    await rm(join(folder, "page/index.html"));
    const { status, text } = await get("/");
    expect(status).toBe(503);
    expect(text).toContain("npm run build");
  });

  it("answers GET and HEAD only, and names the wire for what it is", async () => {
    expect((await get("/", {}, "POST")).status).toBe(405);
    expect((await get("/wire")).status).toBe(426);
  });

  it("reports health as the exports have it", async () => {
    expect((await get("/status")).text).toContain('"kisroot"');
    exportState = "ready";
    expect((await get("/healthz")).status).toBe(200);
    exportState = "connecting";
    const { status, text } = await get("/healthz");
    expect(status).toBe(503);
    expect(JSON.parse(text)).toEqual({
      ok: false,
      exports: [{ name: "kisroot", state: "connecting", detail: "because" }],
    });
    exportState = "none";
    expect((await get("/healthz")).status).toBe(503);
    exportState = "ready";
  });

  it("serves its metrics as they are", async () => {
    expect(await get("/metrics")).toMatchObject({ status: 200, text: "netroot_clients 0\n" });
    expect(await get("/metrics", {}, "HEAD")).toMatchObject({ status: 200, text: "" });
    expect(await get("/metrics", {}, "POST")).toMatchObject({ status: 405 });
  });
});

describe("listen", () => {
  it("says in words that a port is in use, or an address not ours", async () => {
    const second = createServer();
    const refused = await listen(second, "127.0.0.1", port).catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(ListenError);
    expect(refused).toMatchObject({ code: "EADDRINUSE", message: expect.stringContaining(`Port ${port}`) });
    await expect(listen(second, "192.0.2.1", 0)).rejects.toMatchObject({ code: "EADDRNOTAVAIL" });
  });
});

describe("parseRange", () => {
  it("satisfies nothing of an empty file", () => {
    expect(parseRange("bytes=0-", 0)).toEqual({ kind: "unsatisfiable" });
    expect(parseRange("bytes=-1", 0)).toEqual({ kind: "unsatisfiable" });
    expect(parseRange(undefined, 0)).toEqual({ kind: "whole" });
  });
});
