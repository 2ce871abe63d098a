import type { FrameSink } from "../../net/segment/frame.ts";
import { cutLargeFrame } from "../../net/tcp/large-segment.ts";
import {
  BATCH_SUBPROTOCOL,
  BatchWriter,
  isFrameLength,
  LARGE_BATCH_SUBPROTOCOL,
  MAX_LARGE_FRAME_BYTES,
  maxFrameBytes,
  parseBatch,
} from "../../net/wire/batch.ts";
import { HeldFrames } from "../../net/wire/held-frames.ts";
import { SESSION_NAME_BYTES, sessionSubprotocol } from "../../net/wire/session-name.ts";
import type { After } from "../platform.ts";
import { backoffMs } from "./backoff.ts";
import type { OpenSocket, Socket } from "./socket.ts";

export type WireState = "closed" | "connecting" | "open" | "lost";

export interface WireOptions {
  readonly url: string;
  readonly mtu: number;
  readonly openSocket: OpenSocket;
  readonly after: After;
  readonly random: () => number;
  readonly receive: FrameSink;
  /**
   * `connecting`: an attempt is under way that is expected to succeed, the first one or the one right after a cut. `lost`:
   * there is no connection, and attempts go on; `everOpen` tells a relay that went away from one that was never reached.
   */
  readonly changed: (state: WireState, everOpen: boolean) => void;
  /** How much may wait in the socket. Policy: drop-newest. */
  readonly maxBufferedBytes?: number;
}

const BACKOFF = { firstMs: 250, maxMs: 5000 };
/** What the guest sends while there is no relay; more is dropped, as it would be with the cable pulled. */
const MAX_HELD_BYTES = 256 * 1024;
const DEFAULT_MAX_BUFFERED_BYTES = 4 * 1024 * 1024;

/**
 * The guest's network cable: frames in WebSocket messages. Everything sent in one task travels in one message where the
 * server speaks our subprotocol, and one frame a message where it does not. It reconnects until it is closed, and names its
 * session, so that a relay that is still the same goes on with the guest's connections where they were.
 */
export class Wire {
  readonly #options: WireOptions;
  readonly #maxBufferedBytes: number;
  #state: WireState = "closed";
  #socket: Socket | undefined;
  #batches: BatchWriter | undefined;
  #flushPlanned = false;
  #attempt = 0;
  #everOpen = false;
  #session = "";
  #held = new HeldFrames(MAX_HELD_BYTES);
  #cancelRetry: (() => void) | undefined;
  /** Frames that did not leave, and frames and messages that made no sense. */
  dropped = 0;

  constructor(options: WireOptions) {
    this.#options = options;
    this.#maxBufferedBytes = options.maxBufferedBytes ?? DEFAULT_MAX_BUFFERED_BYTES;
  }

  get state(): WireState {
    return this.#state;
  }

  open(): void {
    if (this.#state !== "closed") return;
    this.#everOpen = false;
    this.#attempt = 0;
    this.#session = sessionSubprotocol(crypto.getRandomValues(new Uint8Array(SESSION_NAME_BYTES)));
    this.#change("connecting");
    this.#connect();
  }

  close(): void {
    if (this.#state === "closed") return;
    this.#cancelRetry?.();
    this.#cancelRetry = undefined;
    const socket = this.#socket;
    this.#socket = undefined;
    this.#batches = undefined;
    this.#held.take();
    this.#change("closed");
    socket?.close();
  }

  send(frame: Uint8Array): void {
    const socket = this.#socket;
    if (this.#state !== "open" || !socket) {
      if (!this.#everOpen || !this.#held.push(frame)) this.dropped += 1;
      return;
    }
    if (socket.bufferedAmount > this.#maxBufferedBytes) {
      this.dropped += 1;
      return;
    }
    if (!this.#batches) {
      socket.send(frame as Uint8Array<ArrayBuffer>);
      return;
    }
    this.#batches.add(frame);
    if (this.#flushPlanned) return;
    this.#flushPlanned = true;
    // A microtask runs when the slice of guest time that sends has ended.
    queueMicrotask(() => {
      this.#flushPlanned = false;
      this.#batches?.flush();
    });
  }

  #connect(): void {
    let socket: Socket;
    try {
      socket = this.#openSocket();
    } catch {
      // An address that is none. It is reported like a relay that does not answer.
      this.#retry();
      return;
    }
    this.#socket = socket;
  }

  #openSocket(): Socket {
    const { openSocket, url } = this.#options;
    const socket = openSocket(url, [LARGE_BATCH_SUBPROTOCOL, BATCH_SUBPROTOCOL, this.#session], {
      opened: () => {
        if (socket !== this.#socket) return;
        this.#everOpen = true;
        this.#batches =
          socket.protocol === BATCH_SUBPROTOCOL || socket.protocol === LARGE_BATCH_SUBPROTOCOL
            ? new BatchWriter((message) => socket.send(message))
            : undefined;
        this.#change("open");
        for (const frame of this.#held.take()) this.send(frame);
      },
      message: (bytes) => {
        if (socket !== this.#socket) return;
        // A relay that answers is one to come back to at once.
        this.#attempt = 0;
        this.#receive(bytes);
      },
      closed: () => {
        if (socket === this.#socket) this.#retry();
      },
    });
    return socket;
  }

  #retry(): void {
    const { after, random } = this.#options;
    this.#socket = undefined;
    this.#batches = undefined;
    const atOnce = this.#everOpen && this.#attempt === 0;
    const waitMs = atOnce ? 0 : backoffMs(this.#attempt, random(), BACKOFF);
    this.#cancelRetry = after(waitMs, () => {
      this.#cancelRetry = undefined;
      this.#connect();
    });
    this.#attempt += 1;
    this.#change(atOnce ? "connecting" : "lost");
  }

  #receive(message: Uint8Array): void {
    const { mtu, receive } = this.#options;
    if (!this.#batches) {
      if (isFrameLength(message.length, mtu)) receive(message);
      else this.dropped += 1;
      return;
    }
    const takesLarge = this.#socket?.protocol === LARGE_BATCH_SUBPROTOCOL;
    const batch = parseBatch(message, mtu, takesLarge ? MAX_LARGE_FRAME_BYTES : maxFrameBytes(mtu));
    if (!batch.ok) {
      this.dropped += 1;
      return;
    }
    this.dropped += batch.rejected;
    for (const frame of batch.frames) {
      if (isFrameLength(frame.length, mtu)) receive(frame);
      else this.#receiveLarge(frame);
    }
  }

  /** The relay leaves the cutting of long runs to us: it has many clients, and each of them has a processor. */
  #receiveLarge(frame: Uint8Array): void {
    const pieces = cutLargeFrame(frame, this.#options.mtu);
    if (pieces === undefined) this.dropped += 1;
    else for (const piece of pieces) this.#options.receive(piece);
  }

  #change(state: WireState): void {
    if (this.#state === state) return;
    this.#state = state;
    this.#options.changed(state, this.#everOpen);
  }
}
