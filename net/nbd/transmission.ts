import { type Export, ExportError } from "../export/export.ts";
import type { ByteStream } from "../stream/stream.ts";
import type { ByteQueue } from "./byte-queue.ts";
import { Command, CommandFlag, MAX_PAYLOAD_BYTES, NbdError } from "./constants.ts";
import { parseRequest, REQUEST_BYTES, type Request, serializeSimpleReply } from "./wire.ts";

export interface TransmissionCounters {
  requests: number;
  errors: number;
}

export interface TransmissionEvents {
  /** Requests that had to wait may be read now. */
  resumed(): void;
  malformed(): void;
  /** The client is gone, and everything was answered. */
  finished(): void;
}

const NO_DATA = new Uint8Array(0);
/** Bounds on what one client has under way; beyond them its stream is paused. */
const MAX_REQUESTS = 64;
const MAX_BYTES = 8 * 1024 * 1024;

/**
 * The transmission phase: requests in, simple replies out, in the order in which they are ready. What is under way is
 * bounded; a client that does not read its replies is not read from either.
 */
export class Transmission {
  readonly #stream: ByteStream;
  readonly #input: ByteQueue;
  readonly #export: Export;
  readonly #counters: TransmissionCounters;
  readonly #events: TransmissionEvents;
  #requests = 0;
  #bytes = 0;
  /** Bytes left of a payload that is refused: they are read and dropped, not kept. */
  #skipBytes = 0;
  #blocked = false;
  #paused = false;
  #inputEnded = false;
  /** No more requests are taken: what is under way is answered, then it is over. */
  #draining = false;
  #over = false;

  constructor(
    stream: ByteStream,
    input: ByteQueue,
    target: Export,
    counters: TransmissionCounters,
    events: TransmissionEvents,
  ) {
    this.#stream = stream;
    this.#input = input;
    this.#export = target;
    this.#counters = counters;
    this.#events = events;
  }

  /** Takes one thing from the input; false when there is too little of it, or no room for what it asks. */
  step(): boolean {
    if (this.#over || this.#draining) return false;
    if (this.#isFull()) {
      this.#setPaused(true);
      return false;
    }
    if (this.#paused) {
      this.#setPaused(false);
      return true;
    }
    if (this.#skipBytes > 0) {
      this.#skipBytes -= this.#input.skip(this.#skipBytes);
      return this.#skipBytes === 0 || this.#starved();
    }
    const header = this.#input.peek(REQUEST_BYTES);
    if (header === undefined) return this.#starved();
    const request = parseRequest(header);
    if (request === undefined) return this.#refuse();
    const payloadBytes = request.command === Command.write ? request.length : 0;
    // "either the server or the client MAY initiate a hard disconnect" ("Block size constraints").
    if (payloadBytes > MAX_PAYLOAD_BYTES) return this.#refuse();
    if (payloadBytes > 0 && this.#export.readOnly) {
      this.#input.skip(REQUEST_BYTES);
      this.#skipBytes = payloadBytes;
      this.#take(request, NO_DATA);
      return true;
    }
    if (this.#input.length < REQUEST_BYTES + payloadBytes) return this.#starved();
    this.#input.skip(REQUEST_BYTES);
    this.#take(request, this.#input.take(payloadBytes) ?? NO_DATA);
    return true;
  }

  drained(): void {
    this.#blocked = false;
  }

  /** The client sends nothing more; what it sent is answered. */
  end(): void {
    this.#inputEnded = true;
    this.#events.resumed();
  }

  /** The stream is gone: answers to what is under way are dropped. */
  close(): void {
    this.#over = true;
  }

  #take(request: Request, payload: Uint8Array): void {
    this.#counters.requests += 1;
    if (request.command === Command.disconnect) {
      this.#drain();
      return;
    }
    const bytes = Math.min(request.length, MAX_PAYLOAD_BYTES);
    this.#requests += 1;
    this.#bytes += bytes;
    this.#perform(request, payload).then(
      (data) => this.#answer(request, bytes, 0, data),
      (error: unknown) => this.#answer(request, bytes, errorNumber(error), undefined),
    );
  }

  async #perform(request: Request, payload: Uint8Array): Promise<Uint8Array | undefined> {
    const offset = Number(request.offset);
    if ((request.flags & ~CommandFlag.fua) !== 0) throw new ExportError("EINVAL", "A flag was not offered.");
    switch (request.command) {
      case Command.read:
        if (request.length > MAX_PAYLOAD_BYTES) throw new ExportError("EINVAL", "The read is too long.");
        return this.#export.read(offset, request.length);
      case Command.write:
        if (this.#export.readOnly || this.#export.write === undefined)
          throw new ExportError("EPERM", "The export is read-only.");
        await this.#export.write(offset, payload);
        if ((request.flags & CommandFlag.fua) !== 0) await this.#export.flush?.();
        return undefined;
      case Command.flush:
        await this.#export.flush?.();
        return undefined;
      default:
        throw new ExportError("EINVAL", `Command ${request.command} was not offered.`);
    }
  }

  #answer(request: Request, bytes: number, error: number, data: Uint8Array | undefined): void {
    this.#requests -= 1;
    this.#bytes -= bytes;
    if (error !== 0) this.#counters.errors += 1;
    if (this.#over) return;
    const reply = serializeSimpleReply({ error, cookie: request.cookie });
    if (!this.#write(reply, data)) this.#blocked = true;
    if (this.#draining) this.#finishWhenIdle();
    else this.#events.resumed();
  }

  #write(reply: Uint8Array, data: Uint8Array | undefined): boolean {
    if (data === undefined) return this.#stream.write(reply);
    if (this.#stream.lend === undefined) return this.#stream.write(reply, data);
    return this.#stream.lend(() => this.#export.giveBack?.(data), reply, data);
  }

  #isFull(): boolean {
    return this.#blocked || this.#requests >= MAX_REQUESTS || this.#bytes >= MAX_BYTES;
  }

  #setPaused(paused: boolean): void {
    if (paused === this.#paused) return;
    this.#paused = paused;
    if (paused) this.#stream.pause();
    else this.#stream.resume();
  }

  #starved(): false {
    if (this.#inputEnded) this.#drain();
    return false;
  }

  #drain(): void {
    this.#draining = true;
    this.#finishWhenIdle();
  }

  #finishWhenIdle(): void {
    if (this.#over || this.#requests > 0) return;
    this.#over = true;
    this.#events.finished();
  }

  #refuse(): false {
    this.#over = true;
    this.#events.malformed();
    return false;
  }
}

function errorNumber(error: unknown): number {
  return error instanceof ExportError ? NbdError[error.code] : NbdError.EIO;
}
