import { Duplex } from "node:stream";
import type { ByteStream, ByteStreamHandler, StreamEnd } from "../../net/stream/stream.ts";

/** A guest's connection as what Node's own servers take in a socket's place, with back-pressure in both directions. */
export class StreamDuplex extends Duplex {
  /** To be told what happens to the stream. */
  readonly handler: ByteStreamHandler;
  readonly #stream: ByteStream;
  /** Goes on writing, once the stream's queue has room. */
  #waiting: (() => void) | undefined;
  #closed = false;
  #idle: NodeJS.Timeout | undefined;

  constructor(stream: ByteStream) {
    super({ allowHalfOpen: true });
    this.#stream = stream;
    this.handler = {
      data: (bytes) => {
        this.#idle?.refresh();
        if (!this.destroyed && !this.push(bytes)) stream.pause();
      },
      end: () => {
        if (!this.destroyed) this.push(null);
      },
      drained: () => this.#goOn(),
      closed: (reason) => this.#over(reason),
    };
  }

  /** Emits `timeout` after `ms` without bytes in either direction; 0 never does. As `net.Socket` has it, whose users rely on it. */
  setTimeout(ms: number): this {
    clearTimeout(this.#idle);
    this.#idle = ms > 0 ? setTimeout(() => this.emit("timeout"), ms).unref() : undefined;
    return this;
  }

  override _read(): void {
    if (!this.#closed) this.#stream.resume();
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, written: () => void): void {
    this.#idle?.refresh();
    if (this.#closed) {
      written();
      return;
    }
    const { buffer, byteOffset, byteLength } = chunk;
    if (this.#stream.write(new Uint8Array(buffer, byteOffset, byteLength))) written();
    else this.#waiting = written;
  }

  override _final(finished: () => void): void {
    if (!this.#closed) this.#stream.end();
    finished();
  }

  override _destroy(error: Error | null, destroyed: (error: Error | null) => void): void {
    clearTimeout(this.#idle);
    // After `end` the stream sends what it holds, and closes by itself.
    if (!this.#closed && !this.writableFinished) this.#stream.abort();
    destroyed(error);
  }

  #goOn(): void {
    this.#idle?.refresh();
    const written = this.#waiting;
    this.#waiting = undefined;
    written?.();
  }

  #over(reason: StreamEnd): void {
    this.#closed = true;
    this.#goOn();
    if (reason === "finished" || this.destroyed) this.destroy();
    else this.destroy(new Error(`The guest's connection is over: ${reason}.`));
  }
}
