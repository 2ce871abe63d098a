import type { FileHandle } from "node:fs/promises";
import type { IncomingMessage, ServerResponse } from "node:http";
import { extname } from "node:path";
import { pipeline } from "node:stream/promises";
import { fileDigest, wantsDigest } from "./file-digest.ts";
import { parseRange } from "./range.ts";
import { sendSentence } from "./reply.ts";

const TYPES: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".json": "application/json; charset=utf-8",
  ".map": "application/json; charset=utf-8",
  ".svg": "image/svg+xml",
  ".png": "image/png",
  ".ico": "image/x-icon",
  ".wasm": "application/wasm",
  ".woff2": "font/woff2",
  ".txt": "text/plain; charset=utf-8",
  ".cfg": "text/plain; charset=utf-8",
};

export interface SendFileOptions {
  /** The name that decides the content type: that of the URL, not of a link's target. */
  readonly name: string;
  /** `immutable` for names that hold a hash of their content; otherwise the client asks each time whether it changed. */
  readonly immutable?: boolean;
}

/** Answers GET or HEAD with an open file: entity tag, digest where asked for, conditional requests, one range. Closes the handle. */
export async function sendFile(
  request: IncomingMessage,
  response: ServerResponse,
  handle: FileHandle,
  options: SendFileOptions,
): Promise<void> {
  try {
    const { size: bigSize, mtimeNs, mtime, ino } = await handle.stat({ bigint: true });
    const size = Number(bigSize);
    const etag = `"${ino.toString(36)}-${bigSize.toString(36)}-${mtimeNs.toString(36)}"`;
    response.setHeader("ETag", etag);
    response.setHeader("Last-Modified", mtime.toUTCString());
    response.setHeader("Accept-Ranges", "bytes");
    response.setHeader(
      "Cache-Control",
      options.immutable ? "public, max-age=31536000, immutable" : "no-cache",
    );
    if (wantsDigest(request.headers["want-repr-digest"]))
      response.setHeader("Repr-Digest", `sha-256=:${await fileDigest(handle, etag)}:`);

    if (matches(request.headers["if-none-match"], etag)) {
      response.writeHead(304).end();
      return;
    }
    const ifRange = request.headers["if-range"];
    const wanted = ifRange === undefined || ifRange === etag ? request.headers.range : undefined;
    const range = parseRange(wanted, size);
    if (range.kind === "unsatisfiable") {
      response.setHeader("Content-Range", `bytes */${size}`);
      sendSentence(response, 416, `The file has ${size} bytes; the range lies outside.`);
      return;
    }
    const [first, last] = range.kind === "part" ? [range.first, range.last] : [0, size - 1];
    if (range.kind === "part") response.setHeader("Content-Range", `bytes ${first}-${last}/${size}`);
    response.writeHead(range.kind === "part" ? 206 : 200, {
      "Content-Type": TYPES[extname(options.name).toLowerCase()] ?? "application/octet-stream",
      "Content-Length": last - first + 1,
    });
    if (request.method === "HEAD" || last < first) response.end();
    else {
      const body = handle.createReadStream({ start: first, end: last, autoClose: false });
      await pipeline(body, response, { end: false });
      // A file that shrank meanwhile: cut the connection, so that the client notices what is missing.
      if (body.bytesRead === last - first + 1) response.end();
      else response.destroy();
    }
  } finally {
    await handle.close();
  }
}

function matches(header: string | undefined, etag: string): boolean {
  return (header ?? "")
    .split(",")
    .map((each) => each.trim().replace(/^W\//, ""))
    .some((each) => each === etag || each === "*");
}
