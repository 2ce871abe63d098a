import type { ByteStream, ByteStreamHandler, StreamEnd } from "../stream/stream.ts";
import { ByteQueue } from "./byte-queue.ts";
import {
  Command,
  HandshakeFlag,
  Info,
  MAX_OPTION_BYTES,
  Option,
  OptionReply,
  TransmissionFlag,
} from "./constants.ts";
import { ReplyReader } from "./reply-reader.ts";
import { decodeUtf8, encodeUtf8 } from "./text.ts";
import {
  GREETING_BYTES,
  OPTION_REPLY_HEADER_BYTES,
  type OptionReplyHeader,
  parseGreeting,
  parseOptionReplyHeader,
  serializeOption,
  serializeRequest,
} from "./wire.ts";

/** What the server said of the export that we asked for. */
export interface ExportInfo {
  readonly sizeBytes: number;
  readonly readOnly: boolean;
  readonly canFlush: boolean;
}

/**
 * Why a connection is of no use any more. `lost` may be mended by connecting again; `refused` (the server has no such
 * export) and `protocol` (it does not speak NBD as we do) may not.
 */
export type ClientEnd =
  | { readonly kind: "lost"; readonly reason: StreamEnd }
  | { readonly kind: "refused"; readonly message: string }
  | { readonly kind: "protocol"; readonly message: string };

export interface ClientEvents {
  /** The handshake is done: requests may be sent. */
  ready(info: ExportInfo): void;
  /**
   * The answer to the request with this cookie: an errno of the NBD protocol (0 is success), and the bytes of a read, which
   * are the receiver's.
   */
  reply(cookie: bigint, error: number, data: Uint8Array): void;
  /** Exactly once, and last. Requests without a reply will get none. */
  ended(end: ClientEnd): void;
  /** Bytes of this length for what a read gives; new ones unless given. What is in them is overwritten. */
  allocate?(lengthBytes: number): Uint8Array;
}

type State =
  | { readonly name: "greeting" }
  | { readonly name: "option-reply" }
  | { readonly name: "option-reply-data"; readonly header: OptionReplyHeader }
  | { readonly name: "export-name-reply" }
  | { readonly name: "transmission" }
  | { readonly name: "ended" };

/** Size (u64) and transmission flags (u16), the reply to NBD_OPT_EXPORT_NAME without zeroes. */
const EXPORT_NAME_REPLY_BYTES = 10;
const ZEROES = 124;

/** The client's side of one NBD connection: NBD_OPT_GO, or NBD_OPT_EXPORT_NAME with servers that do not know it. */
export class NbdClient implements ByteStreamHandler {
  readonly borrows = true;
  readonly #name: string;
  readonly #events: ClientEvents;
  /** Of the handshake. */
  readonly #input = new ByteQueue();
  readonly #replies: ReplyReader;
  /** Bytes that the reply to each request under way carries. */
  readonly #replyLengths = new Map<bigint, number>();
  #stream: ByteStream | undefined;
  #state: State = { name: "greeting" };
  #noZeroes = false;
  #info: ExportInfo | undefined;

  constructor(name: string, events: ClientEvents) {
    this.#name = name;
    this.#events = events;
    this.#replies = new ReplyReader({
      payloadOf: (cookie) => {
        const lengthBytes = this.#replyLengths.get(cookie);
        this.#replyLengths.delete(cookie);
        return lengthBytes;
      },
      allocate: (lengthBytes) => events.allocate?.(lengthBytes) ?? new Uint8Array(lengthBytes),
      reply: (cookie, error, data) => events.reply(cookie, error, data),
    });
  }

  /** Gives the client its stream, before any data arrives. */
  attach(stream: ByteStream): void {
    this.#stream = stream;
  }

  read(cookie: bigint, offset: number, length: number): void {
    this.#replyLengths.set(cookie, length);
    this.#request(Command.read, cookie, offset, length);
  }

  write(cookie: bigint, offset: number, bytes: Uint8Array): void {
    this.#replyLengths.set(cookie, 0);
    this.#request(Command.write, cookie, offset, bytes.length);
    this.#stream?.write(bytes);
  }

  flush(cookie: bigint): void {
    this.#replyLengths.set(cookie, 0);
    this.#request(Command.flush, cookie, 0, 0);
  }

  /** Says good-bye as the protocol wants it, and closes. */
  disconnect(): void {
    if (this.#state.name === "ended") return;
    if (this.#info !== undefined) this.#request(Command.disconnect, 0n, 0, 0);
    this.#stream?.end();
  }

  data(bytes: Uint8Array): void {
    if (this.#state.name === "transmission") {
      this.#transmission(bytes);
      return;
    }
    if (this.#state.name === "ended") return;
    this.#input.push(bytes.slice());
    while (this.#step());
  }

  end(): void {
    this.#stream?.end();
  }

  /** Requests are small, and their number is bounded by who sends them. */
  drained(): void {}

  closed(reason: StreamEnd): void {
    this.#finish({ kind: "lost", reason });
  }

  #request(command: number, cookie: bigint, offset: number, length: number): void {
    this.#stream?.write(serializeRequest({ flags: 0, command, cookie, offset: BigInt(offset), length }));
  }

  #step(): boolean {
    const state = this.#state;
    switch (state.name) {
      case "greeting":
        return this.#greeting();
      case "option-reply": {
        const bytes = this.#input.take(OPTION_REPLY_HEADER_BYTES);
        if (bytes === undefined) return false;
        const header = parseOptionReplyHeader(bytes);
        if (header === undefined || header.lengthBytes > MAX_OPTION_BYTES) {
          return this.#fail("protocol", "the server's answer to an option is malformed");
        }
        this.#state = { name: "option-reply-data", header };
        return true;
      }
      case "option-reply-data": {
        const data = this.#input.take(state.header.lengthBytes);
        return data !== undefined && this.#optionReply(state.header, data);
      }
      case "export-name-reply": {
        const bytes = this.#input.take(EXPORT_NAME_REPLY_BYTES + (this.#noZeroes ? 0 : ZEROES));
        if (bytes === undefined) return false;
        this.#info = parseInfo(bytes);
        return this.#ready();
      }
      case "transmission": {
        // What came together with the end of the handshake.
        const early = this.#input.take(this.#input.length);
        if (early !== undefined) this.#transmission(early);
        return false;
      }
      case "ended":
        return false;
      default:
        return state satisfies never;
    }
  }

  #greeting(): boolean {
    const bytes = this.#input.take(GREETING_BYTES);
    if (bytes === undefined) return false;
    const flags = parseGreeting(bytes);
    if (flags === undefined || (flags & HandshakeFlag.fixedNewstyle) === 0) {
      return this.#fail("protocol", "what answers there is not an NBD server of today (fixed newstyle)");
    }
    this.#noZeroes = (flags & HandshakeFlag.noZeroes) !== 0;
    const answer = new Uint8Array(4);
    answer[3] = HandshakeFlag.fixedNewstyle | (this.#noZeroes ? HandshakeFlag.noZeroes : 0);
    this.#stream?.write(answer);
    const name = encodeUtf8(this.#name);
    const go = new Uint8Array(4 + name.length + 2);
    new DataView(go.buffer).setUint32(0, name.length);
    go.set(name, 4);
    this.#stream?.write(serializeOption(Option.go, go));
    this.#state = { name: "option-reply" };
    return true;
  }

  #optionReply({ option, reply }: OptionReplyHeader, data: Uint8Array): boolean {
    if (option !== Option.go) return this.#fail("protocol", `the server answered option ${option}, unasked`);
    this.#state = { name: "option-reply" };
    switch (reply) {
      case OptionReply.info:
        if (data.length === 12 && ((data[0]! << 8) | data[1]!) === Info.export) {
          this.#info = parseInfo(data.subarray(2));
        }
        return true;
      case OptionReply.ack:
        return this.#ready();
      case OptionReply.errUnsupported:
        this.#stream?.write(serializeOption(Option.exportName, encodeUtf8(this.#name)));
        this.#state = { name: "export-name-reply" };
        return true;
      default: {
        const said = decodeUtf8(data) || `error ${(reply & 0x7fffffff).toString()}`;
        return this.#fail("refused", `the server refuses the export "${this.#name}": ${said}`);
      }
    }
  }

  #ready(): boolean {
    if (this.#info === undefined) return this.#fail("protocol", "the server did not tell the export's size");
    if (!Number.isSafeInteger(this.#info.sizeBytes))
      return this.#fail("protocol", "the export's size is absurd");
    this.#state = { name: "transmission" };
    this.#events.ready(this.#info);
    return true;
  }

  #transmission(bytes: Uint8Array): void {
    const wrong = this.#replies.push(bytes);
    if (wrong !== undefined) this.#fail("protocol", wrong);
  }

  #fail(kind: "refused" | "protocol", message: string): false {
    const stream = this.#stream;
    this.#finish({ kind, message });
    stream?.abort();
    return false;
  }

  #finish(end: ClientEnd): void {
    if (this.#state.name === "ended") return;
    this.#state = { name: "ended" };
    this.#stream = undefined;
    this.#input.clear();
    this.#replies.close();
    this.#replyLengths.clear();
    this.#events.ended(end);
  }
}

/** Size (u64) and transmission flags (u16). */
function parseInfo(bytes: Uint8Array): ExportInfo {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const flags = view.getUint16(8);
  return {
    sizeBytes: Number(view.getBigUint64(0)),
    readOnly: (flags & TransmissionFlag.readOnly) !== 0,
    canFlush: (flags & TransmissionFlag.sendFlush) !== 0,
  };
}
