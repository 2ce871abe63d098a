import type { IncomingMessage, Server } from "node:http";
import type { Duplex } from "node:stream";
import { type WebSocket, WebSocketServer } from "ws";
import type { FrameSink } from "../../net/segment/frame.ts";
import { BATCH_SUBPROTOCOL, maxMessageBytes } from "../../net/wire/batch.ts";
import { Access, type Admit } from "../access/access.ts";
import type { Logger } from "../log.ts";
import { FrameLink, type LinkCounters, octetsOf } from "./frame-link.ts";
import { closeSocket, type Refusal, refuseUpgrade } from "./upgrade.ts";

/** What stands behind a client's link: its segment, its boot server, its gateway. */
export interface WireClient {
  /** A frame from the client. */
  readonly receive: FrameSink;
  /** The link is gone: everything that belongs to this client is freed. Called exactly once. */
  close(): void;
}

/** `send` takes frames to the client, from the first call on and until `close`. */
export type AttachClient = (id: number, send: FrameSink, logger: Logger) => WireClient;

export interface WireOptions {
  readonly mtu: number;
  readonly attach: AttachClient;
  readonly logger: Logger;
  /** Who may open the wire; unless given, programs of this machine and the page of this server. */
  readonly admit?: Admit;
  /** More clients than this are refused with 503. */
  readonly maxClients?: number;
  /** See `LinkOptions.highWaterBytes`. */
  readonly highWaterBytes?: number;
  /** A client that answers no ping for this long is gone: a laptop that was closed says no goodbye. */
  readonly silenceMs?: number;
  /** Paths of WebSockets that somebody else answers. */
  readonly otherPaths?: readonly string[];
}

const PATH = "/wire";
const DEFAULT_MAX_CLIENTS = 64;
/** Above what one TCP window of a Linux guest can hold (6 MB), so that a fast transfer is never cut by its own burst. */
const DEFAULT_HIGH_WATER_BYTES = 8 * 1024 * 1024;
const DEFAULT_SILENCE_MS = 60_000;

interface Session {
  readonly id: number;
  readonly socket: WebSocket;
  readonly link: FrameLink;
  alive: boolean;
}

/** The WebSocket server at `/wire`: one raw frame a message, or several with the subprotocol `netroot-batch.v1`. */
export class WireServer {
  readonly #http: Server;
  readonly #options: Required<WireOptions>;
  readonly #sockets: WebSocketServer;
  readonly #sessions = new Map<number, Session>();
  readonly #past: LinkCounters = zeroCounters();
  readonly #pings: NodeJS.Timeout;
  #nextId = 1;
  #closed = false;

  constructor(http: Server, options: WireOptions) {
    this.#http = http;
    this.#options = {
      admit: new Access({ listenHost: "127.0.0.1", logger: options.logger }).admitUpgrade,
      maxClients: DEFAULT_MAX_CLIENTS,
      highWaterBytes: DEFAULT_HIGH_WATER_BYTES,
      silenceMs: DEFAULT_SILENCE_MS,
      otherPaths: [],
      ...options,
    };
    this.#sockets = new WebSocketServer({
      noServer: true,
      clientTracking: false,
      perMessageDeflate: false,
      maxPayload: maxMessageBytes(options.mtu),
      handleProtocols: chooseProtocol,
    });
    http.on("upgrade", this.#upgrade);
    this.#pings = setInterval(() => this.#ping(), this.#options.silenceMs / 2).unref();
  }

  /** How many clients are attached. */
  get clients(): number {
    return this.#sessions.size;
  }

  /** Totals over all clients that there are and were. */
  counters(): LinkCounters {
    const sum = { ...this.#past };
    for (const { link } of this.#sessions.values()) addCounters(sum, link.counters);
    return sum;
  }

  /** Says goodbye to every client and frees what is theirs. Resolves when all sockets are closed. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#http.off("upgrade", this.#upgrade);
    clearInterval(this.#pings);
    await Promise.all(
      Array.from(this.#sessions.values(), ({ socket }) =>
        closeSocket(socket, 1001, "the relay is shutting down"),
      ),
    );
    this.#sockets.close();
  }

  readonly #upgrade = (request: IncomingMessage, transport: Duplex, head: Buffer): void => {
    if (this.#options.otherPaths.includes(pathOf(request))) return;
    // A client that resets while it is being refused is nobody's problem.
    transport.on("error", () => {});
    const refusal = this.#refusal(request);
    if (refusal !== undefined) {
      refuseUpgrade(transport, refusal);
      return;
    }
    this.#sockets.handleUpgrade(request, transport, head, (socket) =>
      this.#accept(socket, transport, request),
    );
  };

  #refusal(request: IncomingMessage): Refusal | undefined {
    const refusal = this.#options.admit(request);
    if (refusal !== undefined) return refusal;
    if (pathOf(request) !== PATH) return { status: 404, message: `The only WebSocket here is ${PATH}.` };
    if (this.#sessions.size >= this.#options.maxClients) {
      this.#options.logger.warn(`refused a client: there are ${this.#sessions.size} already`);
      return { status: 503, message: "There are too many clients." };
    }
    return undefined;
  }

  #accept(socket: WebSocket, transport: Duplex, request: IncomingMessage): void {
    const id = this.#nextId++;
    const { mtu, highWaterBytes } = this.#options;
    const logger = this.#options.logger.child(`client ${id}`);
    const batch = socket.protocol === BATCH_SUBPROTOCOL;
    const link: FrameLink = new FrameLink(socket, transport, {
      mtu,
      batch,
      highWaterBytes,
      receive: (frame) => client.receive(frame),
    });
    const client = this.#options.attach(id, (frame) => link.send(frame), logger);
    const session: Session = { id, socket, link, alive: true };
    this.#sessions.set(id, session);
    logger.info(`on the wire from ${request.socket.remoteAddress}${batch ? "" : ", one frame a message"}`);

    socket.on("message", (data: Buffer, isBinary) => {
      if (!isBinary) {
        void closeSocket(socket, 1003, "binary messages only: one is one Ethernet frame");
        return;
      }
      try {
        link.message(octetsOf(data));
      } catch (error) {
        // A defect of ours, which one client's frames led to: it costs that client its link, and nobody else anything.
        logger.error(`ended by a defect of the relay: ${(error as Error).stack}`);
        link.close();
        void closeSocket(socket, 1011, "a defect of the relay; its log says more");
      }
    });
    socket.on("pong", () => {
      session.alive = true;
    });
    // ws closes the socket with the fitting status by itself.
    socket.on("error", (error) => logger.debug(error.message));
    socket.on("close", (code) => {
      this.#sessions.delete(id);
      link.close();
      client.close();
      addCounters(this.#past, link.counters);
      const { framesIn, framesOut, malformedIn, droppedOut } = link.counters;
      const lost =
        malformedIn + droppedOut > 0
          ? `, ${malformedIn} malformed, ${droppedOut} dropped on the way out`
          : "";
      logger.info(`gone (${code}): ${framesIn} frames in, ${framesOut} out${lost}`);
    });
  }

  #ping(): void {
    for (const session of this.#sessions.values()) {
      if (session.alive) session.socket.ping();
      else session.socket.terminate();
      session.alive = false;
    }
  }
}

/** Ours where it is offered; "binary", as old clients of other relays offer it, means one frame a message. */
function chooseProtocol(offered: Set<string>): string | false {
  if (offered.has(BATCH_SUBPROTOCOL)) return BATCH_SUBPROTOCOL;
  return offered.has("binary") ? "binary" : false;
}

function pathOf(request: IncomingMessage): string {
  return (request.url ?? "").split("?", 1)[0] ?? "";
}

function zeroCounters(): LinkCounters {
  return { framesIn: 0, framesOut: 0, bytesIn: 0, bytesOut: 0, malformedIn: 0, droppedOut: 0 };
}

function addCounters(sum: LinkCounters, more: LinkCounters): void {
  for (const key of Object.keys(sum) as (keyof LinkCounters)[]) sum[key] += more[key];
}
