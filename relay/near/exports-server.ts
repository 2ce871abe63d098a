import type { IncomingMessage, Server } from "node:http";
import type { Duplex } from "node:stream";
import { type WebSocket, WebSocketServer } from "ws";
import type { ExportHub } from "../../net/export/hub.ts";
import { NbdSession, type SessionCounters } from "../../net/nbd/session.ts";
import { AHEAD_QUERY, NBD_SUBPROTOCOL, parseTraceReport } from "../../net/near/offer.ts";
import type { Admit } from "../access/access.ts";
import type { Logger } from "../log.ts";
import { closeSocket, type Refusal, refuseUpgrade, SHUTTING_DOWN } from "../wire/upgrade.ts";
import type { BootTraces } from "./boot-traces.ts";
import { streamOfWebSocket } from "./web-socket-stream.ts";

export interface ExportsServerOptions {
  readonly hub: ExportHub;
  readonly traces: BootTraces;
  readonly sessions: SessionCounters;
  readonly logger: Logger;
  readonly admit: Admit;
  /** More connections than this are refused with 503. A tab has two an export. */
  readonly maxConnections?: number;
  /** A client that answers no ping for this long is gone. */
  readonly silenceMs?: number;
}

export const EXPORTS_PATH = "/exports";
const DEFAULT_MAX_CONNECTIONS = 256;
const DEFAULT_SILENCE_MS = 60_000;
/** A writer splits what it sends into pieces of this size at most. */
const MAX_MESSAGE_BYTES = 1024 * 1024;

/**
 * The WebSocket server at `/exports`: each connection is one session of the NBD protocol in front of the same hub as the
 * guests' own. Bounded both ways: a client that does not read its answers is not read from, nor are its exports.
 */
export class ExportsServer {
  readonly #options: ExportsServerOptions;
  readonly #sockets: WebSocketServer;
  /** Whether each has shown a sign of life since it was last asked for one. */
  readonly #alive = new Map<WebSocket, boolean>();
  readonly #pings: NodeJS.Timeout;
  #malformedReports = 0;
  #closed = false;

  constructor(http: Server, options: ExportsServerOptions) {
    this.#options = options;
    this.#sockets = new WebSocketServer({
      noServer: true,
      clientTracking: false,
      perMessageDeflate: false,
      maxPayload: MAX_MESSAGE_BYTES,
      handleProtocols: () => NBD_SUBPROTOCOL,
    });
    http.on("upgrade", this.#upgrade);
    this.#pings = setInterval(() => this.#ping(), (options.silenceMs ?? DEFAULT_SILENCE_MS) / 2).unref();
  }

  get connections(): number {
    return this.#alive.size;
  }
  /** Text messages that were no trace of an export that there is. */
  get malformedReports(): number {
    return this.#malformedReports;
  }

  /** Says goodbye to every client, and no more to who comes back at once. Resolves when all sockets are closed. */
  async close(): Promise<void> {
    this.#closed = true;
    clearInterval(this.#pings);
    const sockets = [...this.#alive.keys()];
    await Promise.all(sockets.map((socket) => closeSocket(socket, 1001, "the relay is shutting down")));
    this.#sockets.close();
  }

  readonly #upgrade = (request: IncomingMessage, transport: Duplex, head: Buffer): void => {
    const [path, query] = (request.url ?? "").split("?", 2);
    if (path !== EXPORTS_PATH) return;
    // A client that resets while it is being refused is nobody's problem.
    transport.on("error", () => {});
    const refusal = this.#refusal(request);
    if (refusal !== undefined) {
      refuseUpgrade(transport, refusal);
      return;
    }
    this.#sockets.handleUpgrade(request, transport, head, (socket) =>
      this.#accept(socket, query === AHEAD_QUERY),
    );
  };

  #refusal(request: IncomingMessage): Refusal | undefined {
    const { admit, maxConnections = DEFAULT_MAX_CONNECTIONS, logger } = this.#options;
    const refusal = admit(request);
    if (refusal !== undefined) return refusal;
    if (this.#closed) return SHUTTING_DOWN;
    const offered = (request.headers["sec-websocket-protocol"] ?? "").split(",").map((each) => each.trim());
    if (!offered.includes(NBD_SUBPROTOCOL)) {
      return { status: 400, message: `The subprotocol here is ${NBD_SUBPROTOCOL}.` };
    }
    if (this.#alive.size >= maxConnections) {
      logger.warn(`refused a client: there are ${this.#alive.size} connections already`);
      return { status: 503, message: "There are too many connections." };
    }
    return undefined;
  }

  #accept(socket: WebSocket, ahead: boolean): void {
    const { hub, sessions, logger } = this.#options;
    this.#alive.set(socket, true);
    const table = ahead ? hub.ahead : hub;
    streamOfWebSocket(socket, (stream) => new NbdSession(stream, table, sessions));
    socket.on("message", (data: Buffer, isBinary) => {
      if (!isBinary) this.#report(data.toString());
    });
    socket.on("pong", () => {
      this.#alive.set(socket, true);
    });
    // ws closes the socket with the fitting status by itself.
    socket.on("error", (error) => logger.debug(error.message));
    socket.on("close", () => {
      this.#alive.delete(socket);
    });
  }

  #report(text: string): void {
    const report = parseTraceReport(text);
    if (report === undefined || !this.#options.traces.add(report)) this.#malformedReports += 1;
  }

  #ping(): void {
    for (const [socket, alive] of this.#alive) {
      if (alive) socket.ping();
      else socket.terminate();
      this.#alive.set(socket, false);
    }
  }
}
