import type { WebSocket } from "ws";
import { cutLargeFrame } from "../../net/tcp/large-segment.ts";
import {
  BatchWriter,
  isFrameLength,
  MAX_LARGE_FRAME_BYTES,
  maxFrameBytes,
  parseBatch,
} from "../../net/wire/batch.ts";
import { type LinkCounters, newLinkCounters } from "./link-counters.ts";

export interface LinkOptions {
  readonly mtu: number;
  /** Whether messages are batches: `netroot-batch.v1` or `netroot-batch.v2`. */
  readonly batch: boolean;
  /** Whether the far end takes large segments and cuts them: `netroot-batch.v2`. Else they are cut here. */
  readonly takesLarge?: boolean;
  /** Whether the far end may send large segments, which are cut here. */
  readonly sendsLarge?: boolean;
  /**
   * Bytes that may wait for a client that does not read. Above it the newest frames are dropped, as a switch does with a full
   * port: TCP behind it slows down, and nothing else waits.
   */
  readonly highWaterBytes: number;
  /** Takes each frame that comes in. Owned: the link keeps no view of it. */
  readonly receive: (frame: Uint8Array) => void;
  /** Told of frames that have left: the link looks at them no more. Of those that were dropped it is not told. */
  readonly sent?: (frames: readonly Uint8Array[]) => void;
}

/** The byte stream below a WebSocket. */
export interface Corkable {
  cork(): void;
  uncork(): void;
}

/** Frames in and out of one WebSocket. What is sent in one turn of the event loop goes out together. */
export class FrameLink {
  readonly counters: LinkCounters = newLinkCounters();
  readonly #socket: WebSocket;
  /** The TCP socket below: what is sent in one turn leaves in one system call. */
  readonly #transport: Corkable;
  readonly #options: LinkOptions;
  readonly #batch: BatchWriter;
  #single: Uint8Array[] = [];
  #singleBytes = 0;
  #flush: NodeJS.Immediate | undefined;
  #closed = false;

  constructor(socket: WebSocket, transport: Corkable, options: LinkOptions) {
    this.#socket = socket;
    this.#transport = transport;
    this.#options = options;
    const { sent } = options;
    this.#batch = new BatchWriter((message, frames) =>
      socket.send(message, { binary: true }, (error) => {
        // A send that fails is followed by the socket's close event, which says all that there is to say.
        if (error == null) sent?.(frames);
      }),
    );
  }

  /** Bytes that wait for the client. */
  get queuedBytes(): number {
    return this.#socket.bufferedAmount + this.#batch.pendingBytes + this.#singleBytes;
  }

  /** Takes one binary message. The message is owned: its frames are views of it. */
  message(bytes: Uint8Array): void {
    if (this.#closed) return;
    if (!this.#options.batch) {
      if (isFrameLength(bytes.length, this.#options.mtu)) this.#receive(bytes);
      else this.counters.malformedIn += 1;
      return;
    }
    const { mtu, sendsLarge } = this.#options;
    const result = parseBatch(bytes, mtu, sendsLarge === true ? MAX_LARGE_FRAME_BYTES : maxFrameBytes(mtu));
    if (!result.ok) {
      this.counters.malformedIn += 1;
      return;
    }
    this.counters.malformedIn += result.rejected;
    for (const frame of result.frames) {
      if (isFrameLength(frame.length, mtu)) this.#receive(frame);
      else this.#receiveLarge(frame);
    }
  }

  /** Sends one frame at the end of this turn, or drops it. Frames are immutable: it is kept without a copy until then. */
  send(frame: Uint8Array): void {
    if (this.#closed) return;
    const { mtu, takesLarge } = this.#options;
    if (isFrameLength(frame.length, mtu)) this.#send(frame);
    else if (takesLarge === true && frame.length <= MAX_LARGE_FRAME_BYTES) {
      if (this.#send(frame)) this.counters.largeOut += 1;
    } else {
      const pieces = cutLargeFrame(frame, mtu);
      if (pieces === undefined) this.counters.droppedOut += 1;
      else for (const piece of pieces) this.#send(piece);
    }
  }

  #send(frame: Uint8Array): boolean {
    if (this.queuedBytes + frame.length > this.#options.highWaterBytes) {
      this.counters.droppedOut += 1;
      return false;
    }
    this.counters.framesOut += 1;
    this.counters.bytesOut += frame.length;
    if (this.#flush === undefined) {
      this.#transport.cork();
      this.#flush = setImmediate(() => this.#flushNow());
    }
    if (this.#options.batch) this.#batch.add(frame);
    else {
      this.#single.push(frame);
      this.#singleBytes += frame.length;
    }
    return true;
  }

  /** Sends nothing more, receives nothing more. The WebSocket is its owner's to close. */
  close(): void {
    this.#closed = true;
    this.#batch.discard();
    this.#single = [];
    this.#singleBytes = 0;
    if (this.#flush === undefined) return;
    clearImmediate(this.#flush);
    this.#flush = undefined;
    this.#transport.uncork();
  }

  #receiveLarge(frame: Uint8Array): void {
    const pieces = cutLargeFrame(frame, this.#options.mtu);
    if (pieces === undefined) this.counters.malformedIn += 1;
    else for (const piece of pieces) this.#receive(piece);
  }

  #receive(frame: Uint8Array): void {
    this.counters.framesIn += 1;
    this.counters.bytesIn += frame.length;
    this.#options.receive(frame);
  }

  #flushNow(): void {
    this.#flush = undefined;
    this.#batch.flush();
    const frames = this.#single;
    this.#single = [];
    this.#singleBytes = 0;
    for (const frame of frames) this.#socket.send(frame, { binary: true }, ignore);
    this.#transport.uncork();
  }
}

/** A send that fails is followed by the socket's close event, which says all that there is to say. */
function ignore(): void {}

/** The same bytes as what `net/` is written for: a Buffer's `slice` is a view where a Uint8Array's is a copy. */
export function octetsOf(buffer: Buffer): Uint8Array {
  return new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.length);
}
