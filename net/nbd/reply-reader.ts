import { parseSimpleReply, SIMPLE_REPLY_BYTES } from "./wire.ts";

export interface ReplyEvents {
  /** How many bytes a successful reply to this request carries; `undefined` when no such request is under way. */
  payloadOf(cookie: bigint): number | undefined;
  /** Bytes of this length for the payload of a reply. What is in them is overwritten. */
  allocate(lengthBytes: number): Uint8Array;
  reply(cookie: bigint, error: number, data: Uint8Array): void;
}

const NO_DATA = new Uint8Array(0);

/** Reads simple replies wherever the chunks of the stream are split. A payload is copied once, to where it stays. */
export class ReplyReader {
  readonly #events: ReplyEvents;
  readonly #header = new Uint8Array(SIMPLE_REPLY_BYTES);
  #headerBytes = 0;
  /** The reply whose payload is coming in. */
  #cookie = 0n;
  #payload: Uint8Array = NO_DATA;
  #payloadBytes = 0;
  #closed = false;

  constructor(events: ReplyEvents) {
    this.#events = events;
  }

  /** Takes the next bytes, of which it keeps no view. Returns what is wrong with them, as a part of a sentence. */
  push(bytes: Uint8Array): string | undefined {
    let at = 0;
    while (at < bytes.length && !this.#closed) {
      if (this.#payloadBytes < this.#payload.length) {
        at += this.#takePayload(bytes, at);
        continue;
      }
      const take = Math.min(SIMPLE_REPLY_BYTES - this.#headerBytes, bytes.length - at);
      this.#header.set(bytes.subarray(at, at + take), this.#headerBytes);
      this.#headerBytes += take;
      at += take;
      if (this.#headerBytes < SIMPLE_REPLY_BYTES) return undefined;
      this.#headerBytes = 0;
      const wrong = this.#takeHeader();
      if (wrong !== undefined) return wrong;
    }
    return undefined;
  }

  /** Forgets what has come in, and takes nothing more. */
  close(): void {
    this.#closed = true;
    this.#payload = NO_DATA;
  }

  #takeHeader(): string | undefined {
    const reply = parseSimpleReply(this.#header);
    if (reply === undefined) return "the server sent something that is no reply";
    const lengthBytes = this.#events.payloadOf(reply.cookie);
    if (lengthBytes === undefined) return "the server answered what it was not asked";
    if (reply.error === 0 && lengthBytes > 0) {
      this.#cookie = reply.cookie;
      this.#payload = this.#events.allocate(lengthBytes);
      this.#payloadBytes = 0;
    } else {
      this.#events.reply(reply.cookie, reply.error, NO_DATA);
    }
    return undefined;
  }

  /** Returns how many bytes it took. */
  #takePayload(bytes: Uint8Array, at: number): number {
    const payload = this.#payload;
    const take = Math.min(payload.length - this.#payloadBytes, bytes.length - at);
    payload.set(bytes.subarray(at, at + take), this.#payloadBytes);
    this.#payloadBytes += take;
    if (this.#payloadBytes === payload.length) {
      this.#payload = NO_DATA;
      this.#payloadBytes = 0;
      this.#events.reply(this.#cookie, 0, payload);
    }
    return take;
  }
}
