import type { WebSocket } from "ws";
import type { FrameSink } from "../../net/segment/frame.ts";
import { HeldFrames } from "../../net/wire/held-frames.ts";
import type { Logger } from "../log.ts";
import type { FrameLink } from "./frame-link.ts";
import { addLinkCounters, type LinkCounters, newLinkCounters } from "./link-counters.ts";
import { closeSocket } from "./upgrade.ts";

/** What stands behind a client's link: its segment, its boot server, its gateway. */
export interface WireClient {
  /** A frame from the client. */
  readonly receive: FrameSink;
  /** Frames that were sent to the client have left: they are not looked at again. */
  sent?(frames: readonly Uint8Array[]): void;
  /** The client was away, or spoke through a socket that was dead already, and is there again. */
  resumed?(): void;
  /** The client is gone: everything that belongs to it is freed. Called exactly once. */
  close(): void;
}

/** `send` takes frames to the client, from the first call on and until `close`; with `takesLarge`, large segments as well. */
export type AttachClient = (id: number, send: FrameSink, logger: Logger, takesLarge?: boolean) => WireClient;

interface Plug {
  readonly socket: WebSocket;
  readonly link: FrameLink;
}

/** What a client may have waiting while its socket is away. */
const MAX_HELD_BYTES = 256 * 1024;

export interface WireSessionOptions {
  readonly id: number;
  /** What the client calls it; a client that does not cannot come back. */
  readonly name: string | undefined;
  /** Where its first socket came from. */
  readonly address: string | undefined;
  readonly logger: Logger;
  /** Whether its first socket takes large segments. For one that does not, they are cut. */
  readonly takesLarge: boolean;
}

/** One client: its network, over one socket after the other. */
export class WireSession implements WireSessionOptions {
  readonly id: number;
  readonly name: string | undefined;
  readonly address: string | undefined;
  readonly logger: Logger;
  readonly takesLarge: boolean;
  /** Whether the client has answered the last ping. */
  alive = true;
  readonly #client: WireClient;
  readonly #held = new HeldFrames(MAX_HELD_BYTES);
  /** Of links that are no more. */
  readonly #past: LinkCounters = newLinkCounters();
  #plug: Plug | undefined;
  #patience: NodeJS.Timeout | undefined;

  constructor({ id, name, address, logger, takesLarge }: WireSessionOptions, attach: AttachClient) {
    this.id = id;
    this.name = name;
    this.address = address;
    this.logger = logger;
    this.takesLarge = takesLarge;
    this.#client = attach(id, (frame) => this.#send(frame), logger, takesLarge);
  }

  /** Whether it waits for its client to come back. */
  get isAway(): boolean {
    return this.#plug === undefined;
  }

  counters(): LinkCounters {
    const sum = { ...this.#past };
    if (this.#plug !== undefined) addLinkCounters(sum, this.#plug.link.counters);
    return sum;
  }

  /** A frame from the client. */
  receive(frame: Uint8Array): void {
    this.#client.receive(frame);
  }

  /** Frames have left for the client. */
  sent(frames: readonly Uint8Array[]): void {
    this.#client.sent?.(frames);
  }

  /** The client speaks through this socket from now on: what was held for it goes out first. */
  plugIn(socket: WebSocket, link: FrameLink): void {
    this.#plug = { socket, link };
    for (const frame of this.#held.take()) link.send(frame);
  }

  /** The client is back with another socket. One that it had before is closed: a client is in one place. */
  plugInAgain(socket: WebSocket, link: FrameLink): void {
    clearTimeout(this.#patience);
    const before = this.#plug;
    this.#unplug();
    this.alive = true;
    if (before !== undefined)
      void closeSocket(before.socket, 1000, "this client came back through another socket");
    this.plugIn(socket, link);
    // What went into the old socket is lost, and the timers that would repeat it may be backed off for long.
    this.#client.resumed?.();
  }

  /** Whether it is this socket that the client speaks through. */
  isOn(socket: WebSocket): boolean {
    return this.#plug?.socket === socket;
  }

  /** The socket was cut. `expired` is called unless the client is back in time. */
  waitForReturn(forMs: number, expired: () => void): void {
    this.#unplug();
    this.#patience = setTimeout(expired, forMs);
  }

  /** Asks for a sign of life; a client that did not answer the last time is cut off. */
  ping(): void {
    if (this.#plug === undefined) return;
    if (this.alive) this.#plug.socket.ping();
    else this.#plug.socket.terminate();
    this.alive = false;
  }

  /** Frees what belongs to the client. */
  end(): void {
    clearTimeout(this.#patience);
    this.#unplug();
    this.#held.take();
    this.#client.close();
  }

  /** Says goodbye; resolves when the socket is closed, whose owner then ends the session. */
  async close(code: number, reason: string): Promise<void> {
    if (this.#plug !== undefined) await closeSocket(this.#plug.socket, code, reason);
  }

  #send(frame: Uint8Array): void {
    if (this.#plug !== undefined) this.#plug.link.send(frame);
    else if (!this.#held.push(frame)) this.#past.droppedOut += 1;
  }

  #unplug(): void {
    if (this.#plug === undefined) return;
    this.#plug.link.close();
    addLinkCounters(this.#past, this.#plug.link.counters);
    this.#plug = undefined;
  }
}
