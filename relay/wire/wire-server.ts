import type { IncomingMessage, Server } from "node:http";
import type { Duplex } from "node:stream";
import { type WebSocket, WebSocketServer } from "ws";
import { BATCH_SUBPROTOCOL, LARGE_BATCH_SUBPROTOCOL, maxMessageBytes } from "../../net/wire/batch.ts";
import { sessionNameOf } from "../../net/wire/session-name.ts";
import { Access, type Admit } from "../access/access.ts";
import type { Logger } from "../log.ts";
import { FrameLink, octetsOf } from "./frame-link.ts";
import {
  addLinkCounters,
  DEFAULT_LINK_QUEUE_BYTES,
  type LinkCounters,
  newLinkCounters,
} from "./link-counters.ts";
import { closeSocket, type Refusal, refuseUpgrade, SHUTTING_DOWN } from "./upgrade.ts";
import { type AttachClient, WireSession } from "./wire-session.ts";

export interface WireOptions {
  readonly mtu: number;
  readonly attach: AttachClient;
  readonly logger: Logger;
  /** Who may open the wire; unless given, programs of this machine and the page of this server. */
  readonly admit?: Admit;
  /** More clients than this are refused with 503. One that is away gives way to one that is there. */
  readonly maxClients?: number;
  /** The same for those of one address; unless given, one address may have all. Behind a NAT many clients have one. */
  readonly maxClientsPerAddress?: number;
  /** See `LinkOptions.highWaterBytes`. */
  readonly highWaterBytes?: number;
  /** A client that answers no ping for this long is gone: a laptop that was closed says no goodbye. */
  readonly silenceMs?: number;
  /** How long a client that named its session may be away; 0 ends it with its socket. */
  readonly resumeMs?: number;
  /** Paths of WebSockets that somebody else answers. */
  readonly otherPaths?: readonly string[];
}

const PATH = "/wire";
const DEFAULT_MAX_CLIENTS = 64;
const DEFAULT_SILENCE_MS = 60_000;

const DEFAULT_RESUME_MS = 120_000;
/** Goodbyes: a client that is done, a page that is left, a close without a reason (RFC 6455, section 7.4.1). */
const GOODBYES: readonly number[] = [1000, 1001, 1005];

/** What became of sessions whose socket was cut. */
export interface ResumeCounters {
  /** Cut, and kept for a while. */
  kept: number;
  resumed: number;
  /** Nobody came back in time, or another client needed the place. */
  expired: number;
}

/** The WebSocket server at `/wire`: one raw frame a message, or several with `netroot-batch.v1` or `v2`. */
export class WireServer {
  readonly #options: Required<WireOptions>;
  readonly #sockets: WebSocketServer;
  readonly #sessions = new Set<WireSession>();
  readonly #past: LinkCounters = newLinkCounters();
  readonly #pings: NodeJS.Timeout;
  /** Clients that were refused because there were too many. */
  refused = 0;
  readonly resumes: ResumeCounters = { kept: 0, resumed: 0, expired: 0 };
  #nextId = 1;
  #closed = false;

  constructor(http: Server, options: WireOptions) {
    this.#options = {
      admit: new Access({ listenHost: "127.0.0.1", logger: options.logger }).admitUpgrade,
      maxClients: DEFAULT_MAX_CLIENTS,
      maxClientsPerAddress: Number.POSITIVE_INFINITY,
      highWaterBytes: DEFAULT_LINK_QUEUE_BYTES,
      silenceMs: DEFAULT_SILENCE_MS,
      resumeMs: DEFAULT_RESUME_MS,
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

  /** How many clients there are; those that are away and may come back are counted. */
  get clients(): number {
    return this.#sessions.size;
  }

  /** Of them those that are away. */
  get clientsAway(): number {
    return this.#away().length;
  }

  /** Totals over all clients that there are and were. */
  get counters(): LinkCounters {
    const sum = { ...this.#past };
    for (const session of this.#sessions) addLinkCounters(sum, session.counters());
    return sum;
  }

  /** Says goodbye to every client, refuses who comes back, and frees what is theirs. Resolves when all sockets are closed. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    clearInterval(this.#pings);
    for (const session of this.#away()) this.#end(session, "away when the relay shut down");
    await Promise.all(
      Array.from(this.#sessions, (session) => session.close(1001, "the relay is shutting down")),
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
    if (this.#closed) return SHUTTING_DOWN;
    if (pathOf(request) !== PATH) return { status: 404, message: `The only WebSocket here is ${PATH}.` };
    if (this.#find(request) !== undefined) return undefined;
    const { remoteAddress } = request.socket;
    const there = [...this.#sessions].filter(({ address }) => address === remoteAddress).length;
    if (there >= this.#options.maxClientsPerAddress) {
      this.#options.logger.warn(`refused a client of ${remoteAddress}: it has ${there} already`);
      return this.#full("There are too many clients of your address.");
    }
    if (!this.#makeRoom()) {
      this.#options.logger.warn(`refused a client: there are ${this.#sessions.size} already`);
      return this.#full("There are too many clients.");
    }
    return undefined;
  }

  #full(message: string): Refusal {
    this.refused += 1;
    return { status: 503, message };
  }

  #makeRoom(): boolean {
    if (this.#sessions.size < this.#options.maxClients) return true;
    const [oldest] = this.#away();
    if (oldest === undefined) return false;
    this.resumes.expired += 1;
    this.#end(oldest, "its place was needed while it was away");
    return true;
  }

  /** Those that wait for their client, the one that came first before the others. */
  #away(): WireSession[] {
    return [...this.#sessions].filter((session) => session.isAway);
  }

  /** The session that the client names. */
  #find(request: IncomingMessage): WireSession | undefined {
    const name = sessionNameOf(request.headers["sec-websocket-protocol"]);
    if (name === undefined) return undefined;
    return [...this.#sessions].find((session) => session.name === name);
  }

  #accept(socket: WebSocket, transport: Duplex, request: IncomingMessage): void {
    const { mtu, highWaterBytes } = this.#options;
    const takesLarge = socket.protocol === LARGE_BATCH_SUBPROTOCOL;
    const batch = takesLarge || socket.protocol === BATCH_SUBPROTOCOL;
    const known = this.#find(request);
    const session = known ?? this.#open(request, takesLarge);
    const { logger } = session;
    const link = new FrameLink(socket, transport, {
      mtu,
      batch,
      takesLarge,
      highWaterBytes,
      receive: (frame) => session.receive(frame),
      sent: (frames) => session.sent(frames),
    });
    if (known === undefined) session.plugIn(socket, link);
    else {
      session.plugInAgain(socket, link);
      this.resumes.resumed += 1;
    }
    const from = `from ${request.socket.remoteAddress}${batch ? "" : ", one frame a message"}`;
    logger.info(known === undefined ? `on the wire ${from}` : `back on the wire ${from}`);

    let refused = false;
    const refuse = (code: number, reason: string) => {
      refused = true;
      void closeSocket(socket, code, reason);
    };
    socket.on("message", (data: Buffer, isBinary) => {
      if (!isBinary) {
        refuse(1003, "binary messages only: one is one Ethernet frame");
        return;
      }
      try {
        link.message(octetsOf(data));
      } catch (error) {
        // A defect of ours, which one client's frames led to: it costs that client its link, and nobody else anything.
        logger.error(`ended by a defect of the relay: ${(error as Error).stack}`);
        link.close();
        refuse(1011, "a defect of the relay; its log says more");
      }
    });
    socket.on("pong", () => {
      session.alive = true;
    });
    // What came is no WebSocket message. ws closes the socket with the fitting status by itself.
    socket.on("error", (error) => {
      refused = true;
      logger.debug(error.message);
    });
    socket.on("close", (code) => {
      if (!session.isOn(socket)) return;
      const { resumeMs } = this.#options;
      const mayReturn = session.name !== undefined && !GOODBYES.includes(code) && !refused && !this.#closed;
      if (!mayReturn || resumeMs === 0) {
        this.#end(session, `gone (${code})`);
        return;
      }
      this.resumes.kept += 1;
      logger.info(`away: its socket was cut. It has ${Math.round(resumeMs / 1000)} s to come back`);
      session.waitForReturn(resumeMs, () => {
        this.resumes.expired += 1;
        this.#end(session, "gone: it did not come back");
      });
    });
  }

  #open(request: IncomingMessage, takesLarge: boolean): WireSession {
    const id = this.#nextId++;
    const name = sessionNameOf(request.headers["sec-websocket-protocol"]);
    const logger = this.#options.logger.child(`client ${id}`, { client: id });
    const session = new WireSession(
      { id, name, address: request.socket.remoteAddress, logger, takesLarge },
      this.#options.attach,
    );
    this.#sessions.add(session);
    return session;
  }

  #end(session: WireSession, how: string): void {
    this.#sessions.delete(session);
    session.end();
    const counters = session.counters();
    addLinkCounters(this.#past, counters);
    const { framesIn, framesOut, malformedIn, droppedOut } = counters;
    const lost =
      malformedIn + droppedOut > 0 ? `, ${malformedIn} malformed, ${droppedOut} dropped on the way out` : "";
    session.logger.info(`${how}: ${framesIn} frames in, ${framesOut} out${lost}`);
  }

  #ping(): void {
    for (const session of this.#sessions) session.ping();
  }
}

/** Ours where it is offered; "binary", as old clients of other relays offer it, means one frame a message. */
function chooseProtocol(offered: Set<string>): string | false {
  for (const ours of [LARGE_BATCH_SUBPROTOCOL, BATCH_SUBPROTOCOL]) if (offered.has(ours)) return ours;
  return offered.has("binary") ? "binary" : false;
}

function pathOf(request: IncomingMessage): string {
  return (request.url ?? "").split("?", 1)[0] ?? "";
}
