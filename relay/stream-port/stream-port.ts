import { createServer, type Server, type Socket } from "node:net";
import type { Logger } from "../log.ts";
import { octetsOf } from "../wire/frame-link.ts";
import {
  addLinkCounters,
  DEFAULT_LINK_QUEUE_BYTES,
  type LinkCounters,
  newLinkCounters,
} from "../wire/link-counters.ts";
import type { AttachClient } from "../wire/wire-session.ts";
import { listenOnSocket } from "./socket-file.ts";
import { StreamLink } from "./stream-link.ts";

export interface StreamPortOptions {
  /** Where the UNIX socket is made. */
  readonly path: string;
  readonly mtu: number;
  readonly attach: AttachClient;
  readonly logger: Logger;
  /** More clients than this are refused. */
  readonly maxClients?: number;
  /** See `StreamLinkOptions.highWaterBytes`. */
  readonly highWaterBytes?: number;
}

const DEFAULT_MAX_CLIENTS = 64;

interface Client {
  readonly socket: Socket;
  readonly link: StreamLink;
}

/**
 * A UNIX socket at which each connection is a client with a port of its own, as one on the wire is: a stream of frames, each
 * behind its length as u32be, which is what QEMU (`-netdev stream`), passt and gvproxy speak.
 */
export class StreamPort {
  /** Connections refused because there were too many. */
  refused = 0;
  readonly #server: Server;
  readonly #options: Required<StreamPortOptions>;
  readonly #clients = new Set<Client>();
  readonly #past: LinkCounters = newLinkCounters();
  #nextId = 1;

  private constructor(options: StreamPortOptions) {
    this.#options = {
      maxClients: DEFAULT_MAX_CLIENTS,
      highWaterBytes: DEFAULT_LINK_QUEUE_BYTES,
      ...options,
    };
    this.#server = createServer((socket) => this.#accept(socket));
  }

  /** Rejects with a `ListenError`. */
  static async open(options: StreamPortOptions): Promise<StreamPort> {
    const port = new StreamPort(options);
    await listenOnSocket(port.#server, options.path);
    options.logger.info(`machines may plug in at ${options.path}`);
    return port;
  }

  /** How many clients there are. */
  get clients(): number {
    return this.#clients.size;
  }

  /** Totals over all clients that there are and were. */
  get counters(): LinkCounters {
    const sum = { ...this.#past };
    for (const { link } of this.#clients) addLinkCounters(sum, link.counters);
    return sum;
  }

  /** Ends every connection and removes the socket. */
  close(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    for (const { socket } of this.#clients) socket.destroy();
    return closed;
  }

  #accept(socket: Socket): void {
    // A client that resets is gone: the close event says all that there is to say.
    socket.on("error", () => {});
    if (this.#clients.size >= this.#options.maxClients) {
      this.refused += 1;
      socket.destroy();
      return;
    }
    const { mtu, highWaterBytes, attach } = this.#options;
    const id = this.#nextId++;
    const logger = this.#options.logger.child(`socket client ${id}`, { socketClient: id });
    const link: StreamLink = new StreamLink(socket, {
      mtu,
      highWaterBytes,
      receive: (frame) => client.receive(frame),
    });
    const client = attach(id, (frame) => link.send(frame), logger);
    const entry: Client = { socket, link };
    this.#clients.add(entry);
    logger.info("plugged in");
    socket.on("data", (chunk: Buffer) => {
      try {
        if (link.push(octetsOf(chunk))) return;
        logger.warn("ended: what it sends is no frame behind its length as four bytes, high byte first");
      } catch (error) {
        // A defect of ours, which one client's frames led to: it costs that client its link, and nobody else anything.
        logger.error(`ended by a defect of the relay: ${(error as Error).stack}`);
      }
      socket.destroy();
    });
    // Whoever hears no more does not listen either: QEMU has no use for half a cable, and what waits for it would wait for ever.
    socket.once("end", () => socket.destroy());
    socket.once("close", () => {
      this.#clients.delete(entry);
      client.close();
      addLinkCounters(this.#past, link.counters);
      const { framesIn, framesOut, malformedIn, droppedOut } = link.counters;
      const lost = malformedIn + droppedOut > 0 ? `, ${malformedIn} malformed, ${droppedOut} dropped` : "";
      logger.info(`gone: ${framesIn} frames in, ${framesOut} out${lost}`);
    });
  }
}
