import { readU32 } from "../../ethernet/octets.ts";
import { Command, HandshakeFlag, MAX_OPTION_BYTES, Option, OptionReply } from "../../nbd/constants.ts";
import {
  CLIENT_FLAGS_BYTES,
  GREETING_BYTES,
  OPTION_HEADER_BYTES,
  OPTION_REPLY_HEADER_BYTES,
  parseGreeting,
  parseOptionHeader,
  parseOptionReplyHeader,
  parseRequest,
  parseSimpleReply,
  REQUEST_BYTES,
  SIMPLE_REPLY_BYTES,
} from "../../nbd/wire.ts";
import type { NbdPart, NbdRequested } from "./nbd-part.ts";
import {
  type Expected,
  type Extent,
  NbdReader,
  type PieceOrigin,
  REPLY,
  REQUEST,
  STRUCTURED_REPLY_MAGIC,
} from "./nbd-reader.ts";

const GREETING: Expected = { kind: "greeting", headBytes: GREETING_BYTES };
const CLIENT_FLAGS: Expected = { kind: "client-flags", headBytes: CLIENT_FLAGS_BYTES };
const OPTION: Expected = { kind: "option", headBytes: OPTION_HEADER_BYTES };
const OPTION_REPLY: Expected = { kind: "option-reply", headBytes: OPTION_REPLY_HEADER_BYTES };
const EXPORT: Expected = { kind: "export", headBytes: 10 };
/** Zeroes behind the answer to NBD_OPT_EXPORT_NAME, unless both sides leave them out. */
const ZEROES_BYTES = 124;
const STRUCTURED_REPLY_BYTES = 20;
const STRUCTURED_REPLY_DONE = 1;
/** Requests whose answer is still to come. Policy: drop-oldest; its answer is then one to a request that was not seen. */
const MAX_REQUESTS = 4096;

/** One NBD connection, heard from outside: both directions cut into messages, each reply with its request. */
export class NbdConversation {
  readonly #client: NbdReader;
  readonly #server: NbdReader;
  readonly #requests = new Map<bigint, NbdRequested>();
  #noZeroes = false;
  #found: NbdPart[] = [];
  #number = 0;
  #timeMs = 0;

  /** @param fromStart whether the connection's first segment was captured */
  constructor(fromStart: boolean) {
    this.#client = new NbdReader(
      { extent: clientExtent, message: (part) => this.#fromClient(part) },
      fromStart ? CLIENT_FLAGS : undefined,
    );
    this.#server = new NbdReader(
      {
        extent: (expected, head) => this.#serverExtent(expected, head),
        message: (part) => this.#fromServer(part),
      },
      fromStart ? GREETING : undefined,
    );
  }

  /** Begins with a frame, whose messages `found` returns. */
  beginFrame(number: number, timeMs: number): void {
    this.#number = number;
    this.#timeMs = timeMs;
    this.#client.beginFrame();
    this.#server.beginFrame();
  }

  /** The next bytes in order. */
  push(side: "client" | "server", bytes: Uint8Array, origin: PieceOrigin): void {
    this.#reader(side).push(bytes, origin);
  }

  /** Bytes of this side are missing. */
  lose(side: "client" | "server"): void {
    this.#reader(side).lose();
  }

  /** The messages that ended in the frame. */
  found(): readonly NbdPart[] {
    const found = this.#found;
    this.#found = [];
    return found;
  }

  #reader(side: "client" | "server"): NbdReader {
    return side === "client" ? this.#client : this.#server;
  }

  #fromClient(part: Omit<NbdPart, "requested">): Expected {
    this.#found.push(part);
    switch (part.kind) {
      case "client-flags":
        this.#noZeroes = (readU32(part.head, 0) & HandshakeFlag.noZeroes) !== 0;
        return OPTION;
      case "option":
        if (parseOptionHeader(part.head)?.option !== Option.exportName) return OPTION;
        this.#server.expect(EXPORT);
        return REQUEST;
      default:
        this.#remember(part);
        return REQUEST;
    }
  }

  #remember(part: Omit<NbdPart, "requested">): void {
    const request = parseRequest(part.head);
    if (request === undefined || request.command === Command.disconnect) return;
    const { command, cookie, offset, length } = request;
    this.#requests.set(cookie, {
      command,
      offset,
      length,
      number: this.#number,
      timeMs: this.#timeMs,
    });
    if (this.#requests.size > MAX_REQUESTS) this.#requests.delete(this.#requests.keys().next().value!);
  }

  #serverExtent(expected: Expected, head: Uint8Array): Extent | Expected | undefined {
    switch (expected.kind) {
      case "greeting":
        return parseGreeting(head) === undefined ? undefined : whole("greeting", GREETING_BYTES);
      case "export":
        return whole("export", EXPORT.headBytes + (this.#noZeroes ? 0 : ZEROES_BYTES));
      case "option-reply": {
        const header = parseOptionReplyHeader(head);
        return header && withData("option-reply", OPTION_REPLY_HEADER_BYTES, header.lengthBytes);
      }
      case "structured-reply":
        return {
          kind: "structured-reply",
          headBytes: STRUCTURED_REPLY_BYTES,
          lengthBytes: STRUCTURED_REPLY_BYTES + readU32(head, 16),
        };
      default:
        return this.#replyExtent(head);
    }
  }

  #replyExtent(head: Uint8Array): Extent | Expected | undefined {
    if (readU32(head, 0) === STRUCTURED_REPLY_MAGIC)
      return { kind: "structured-reply", headBytes: STRUCTURED_REPLY_BYTES };
    const reply = parseSimpleReply(head);
    if (reply === undefined) return undefined;
    const request = this.#requests.get(reply.cookie);
    const carries = reply.error === 0 && request?.command === Command.read ? request.length : 0;
    return {
      kind: "simple-reply",
      headBytes: SIMPLE_REPLY_BYTES,
      lengthBytes: SIMPLE_REPLY_BYTES + carries,
    };
  }

  #fromServer(part: Omit<NbdPart, "requested">): Expected {
    switch (part.kind) {
      case "greeting":
        this.#found.push(part);
        return OPTION_REPLY;
      case "option-reply": {
        this.#found.push(part);
        const header = parseOptionReplyHeader(part.head);
        if (header?.option !== Option.go || header.reply !== OptionReply.ack) return OPTION_REPLY;
        this.#client.expect(REQUEST);
        return REPLY;
      }
      case "export":
        this.#found.push(part);
        return REPLY;
      default:
        this.#answer(part);
        return REPLY;
    }
  }

  /** Both kinds of reply have the cookie at the same place. */
  #answer(part: Omit<NbdPart, "requested">): void {
    const cookie = (BigInt(readU32(part.head, 8)) << 32n) | BigInt(readU32(part.head, 12));
    const requested = this.#requests.get(cookie);
    const more = part.kind === "structured-reply" && (part.head[5]! & STRUCTURED_REPLY_DONE) === 0;
    if (!more) this.#requests.delete(cookie);
    this.#found.push(requested === undefined ? part : { ...part, requested });
  }
}

function clientExtent(expected: Expected, head: Uint8Array): Extent | undefined {
  switch (expected.kind) {
    case "client-flags":
      return whole("client-flags", CLIENT_FLAGS_BYTES);
    case "option": {
      const header = parseOptionHeader(head);
      return header && withData("option", OPTION_HEADER_BYTES, header.lengthBytes);
    }
    default: {
      const request = parseRequest(head);
      if (request === undefined) return undefined;
      const carries = request.command === Command.write ? request.length : 0;
      return { kind: "request", headBytes: REQUEST_BYTES, lengthBytes: REQUEST_BYTES + carries };
    }
  }
}

function whole(kind: Extent["kind"], lengthBytes: number): Extent {
  return { kind, headBytes: lengthBytes, lengthBytes };
}

/** Of very long data the beginning is read only; the rest is counted as a payload is. */
function withData(kind: Extent["kind"], headerBytes: number, dataBytes: number): Extent {
  const headBytes = headerBytes + Math.min(dataBytes, MAX_OPTION_BYTES);
  return { kind, headBytes, lengthBytes: headerBytes + dataBytes };
}
