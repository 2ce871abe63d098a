// HTTP for guests: iPXE and lpxelinux fetch boot files with it, faster than by TFTP.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { Duplex } from "node:stream";
import type { StreamPeer, StreamService } from "../../net/stream/stream.ts";
import type { BootScripts } from "../boot-script/boot-script.ts";
import { decodeUrlPath, openConfined } from "../http/confine.ts";
import { sendSentence, sendText } from "../http/reply.ts";
import { sendFile } from "../http/send-file.ts";
import { StreamDuplex } from "./stream-duplex.ts";

export const BOOT_HTTP_PORT = 80;

/** A connection that carries nothing for this long is closed; one that waits for its next request, sooner. */
const IDLE_MS = 5 * 60_000;
const KEEP_ALIVE_MS = 60_000;

const BAD_REQUEST = "HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: 0\r\n\r\n";

/** Numbers only ever grow. */
export interface BootHttpCounters {
  connections: number;
  requests: number;
  /** What was no HTTP: answered with 400, and closed. */
  malformed: number;
}

/**
 * Serves the files below `root` and what `scripts` makes where there is no file, and nothing else, to whoever connects to `service`: GET
 * and HEAD, ranges, kept alive.
 */
export class BootHttp {
  readonly counters: BootHttpCounters = { connections: 0, requests: 0, malformed: 0 };
  readonly #server: Server;
  /** Open connections, with who is at the other end. */
  readonly #connections = new Map<Duplex, StreamPeer>();

  constructor(root: string, scripts?: BootScripts) {
    this.#server = createServer({ keepAliveTimeout: KEEP_ALIVE_MS }, (request, response) => {
      this.counters.requests++;
      // The guest left in the middle, or the disk failed: either way it is no longer to be answered.
      const client = this.#connections.get(request.socket);
      answer(root, request, response, (parts) => client && scripts?.(parts, client)).catch(() =>
        response.destroy(),
      );
    });
    this.#server.timeout = IDLE_MS;
    this.#server.on("clientError", (error: NodeJS.ErrnoException, socket) => {
      if (!socket.writable) {
        socket.destroy();
        return;
      }
      if (error.code?.startsWith("HPE_")) this.counters.malformed++;
      socket.end(BAD_REQUEST);
    });
  }

  /** How many connections are open. */
  get connections(): number {
    return this.#connections.size;
  }

  readonly service: StreamService = (stream, peer) => {
    const connection = new StreamDuplex(stream);
    this.counters.connections++;
    this.#connections.set(connection, peer);
    connection.once("close", () => this.#connections.delete(connection));
    this.#server.emit("connection", connection);
    return connection.handler;
  };

  /** Resets every connection. */
  close(): void {
    for (const connection of this.#connections.keys()) connection.destroy();
  }
}

async function answer(
  root: string,
  request: IncomingMessage,
  response: ServerResponse,
  script: (parts: readonly string[]) => ReturnType<BootScripts> | undefined,
): Promise<void> {
  if (request.method !== "GET" && request.method !== "HEAD") {
    response.setHeader("Allow", "GET, HEAD");
    return sendSentence(response, 405, "This server answers GET and HEAD only.");
  }
  // A client may send the whole URL (RFC 9112 section 3.2.2).
  const path = (request.url ?? "/").replace(/^https?:\/\/[^/?#]*/i, "").split(/[?#]/, 1)[0] ?? "";
  const parts = decodeUrlPath(path);
  if (parts === undefined) return sendSentence(response, 400, "This address names no file: it is malformed.");
  const shown = parts.join("/");
  const file =
    parts.length === 0
      ? ({ ok: false, status: 404, message: "The boot files have names: there is no list of them." } as const)
      : await openConfined(root, parts, shown);
  const made = file.ok || file.status !== 404 ? undefined : await script(parts);
  if (made?.ok) return sendText(response, 200, "text/plain; charset=utf-8", made.text);
  if (made !== undefined) return sendSentence(response, 404, made.message);
  if (!file.ok) return sendSentence(response, file.status, file.message);
  return sendFile(request, response, file.handle, { name: shown });
}
