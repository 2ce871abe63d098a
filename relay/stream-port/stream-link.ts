import type { Socket } from "node:net";
import { isFrameLength } from "../../net/wire/batch.ts";
import { FrameStreamReader } from "../uplink/frame-stream.ts";
import { type LinkCounters, newLinkCounters } from "../wire/link-counters.ts";

const LENGTH_BYTES = 4;

export interface StreamLinkOptions {
  readonly mtu: number;
  /** Bytes that may wait for a client that does not read. Above it the newest frames are dropped. */
  readonly highWaterBytes: number;
  /** Takes each frame that comes in. Immutable: it may be kept. */
  readonly receive: (frame: Uint8Array) => void;
}

/** Frames in and out of one stream socket, each behind its length as u32be. What is sent in one turn goes out together. */
export class StreamLink {
  readonly counters: LinkCounters = newLinkCounters();
  readonly #socket: Socket;
  readonly #options: StreamLinkOptions;
  readonly #reader: FrameStreamReader;
  #corked = false;

  constructor(socket: Socket, options: StreamLinkOptions) {
    this.#socket = socket;
    this.#options = options;
    this.#reader = new FrameStreamReader(
      (frame) => this.#receive(frame),
      () => {
        this.counters.malformedIn += 1;
      },
    );
  }

  /** Takes the next bytes. False when they cannot be frames: where the next one would begin is then unknown. */
  push(chunk: Uint8Array): boolean {
    if (this.#reader.push(chunk)) return true;
    this.counters.malformedIn += 1;
    return false;
  }

  /** Sends one frame, or drops it. Immutable: it is kept without a copy until it has left. */
  send(frame: Uint8Array): void {
    const { mtu, highWaterBytes } = this.#options;
    const bytes = LENGTH_BYTES + frame.length;
    if (!isFrameLength(frame.length, mtu) || this.#socket.writableLength + bytes > highWaterBytes) {
      this.counters.droppedOut += 1;
      return;
    }
    this.counters.framesOut += 1;
    this.counters.bytesOut += frame.length;
    if (!this.#corked) {
      this.#corked = true;
      this.#socket.cork();
      setImmediate(() => {
        this.#corked = false;
        this.#socket.uncork();
      });
    }
    const length = Buffer.allocUnsafe(LENGTH_BYTES);
    length.writeUInt32BE(frame.length);
    this.#socket.write(length);
    this.#socket.write(frame);
  }

  #receive(frame: Uint8Array): void {
    if (!isFrameLength(frame.length, this.#options.mtu)) {
      this.counters.malformedIn += 1;
      return;
    }
    this.counters.framesIn += 1;
    this.counters.bytesIn += frame.length;
    this.#options.receive(frame);
  }
}
