import type { Export } from "../export/export.ts";
import type { ByteStream, ByteStreamHandler, StreamEnd } from "../stream/stream.ts";
import { ByteQueue } from "./byte-queue.ts";
import { HandshakeFlag, MAX_OPTION_BYTES, Option, OptionReply } from "./constants.ts";
import { answerOption, type ExportTable, exportNameReply } from "./options.ts";
import { decodeUtf8 } from "./text.ts";
import { Transmission, type TransmissionCounters } from "./transmission.ts";
import {
  CLIENT_FLAGS_BYTES,
  OPTION_HEADER_BYTES,
  parseOptionHeader,
  serializeGreeting,
  serializeOptionReply,
} from "./wire.ts";

export interface SessionCounters extends TransmissionCounters {
  sessions: number;
  openSessions: number;
  /** Sessions that ended because the client spoke something else. */
  malformed: number;
  unknownExports: number;
}

export function newSessionCounters(): SessionCounters {
  return { sessions: 0, openSessions: 0, malformed: 0, unknownExports: 0, requests: 0, errors: 0 };
}

type State =
  | { readonly name: "client-flags" }
  | { readonly name: "option-header" }
  | { readonly name: "option-data"; readonly option: number; readonly lengthBytes: number }
  | { readonly name: "skip-option"; readonly option: number; readonly leftBytes: number }
  | { readonly name: "transmission"; readonly transmission: Transmission }
  | { readonly name: "closed" };

const EMPTY = new Uint8Array(0);
/** A client that asks for more than this before it begins is no client. */
const MAX_OPTIONS = 64;

/** The server's side of one NBD connection ("fixed newstyle"), in front of the exports. Answers nbd-client, qemu and libnbd. */
export class NbdSession implements ByteStreamHandler {
  readonly #stream: ByteStream;
  readonly #exports: ExportTable;
  readonly #counters: SessionCounters;
  readonly #input = new ByteQueue();
  #state: State = { name: "client-flags" };
  #noZeroes = false;
  #options = 0;
  /** Replies to options wait to be read: no more options are answered until they are. */
  #blocked = false;

  constructor(stream: ByteStream, exports: ExportTable, counters: SessionCounters) {
    this.#stream = stream;
    this.#exports = exports;
    this.#counters = counters;
    counters.sessions += 1;
    counters.openSessions += 1;
    stream.write(serializeGreeting());
  }

  data(bytes: Uint8Array): void {
    if (this.#state.name === "closed") return;
    this.#input.push(bytes);
    while (this.#step());
  }

  end(): void {
    if (this.#state.name === "transmission") this.#state.transmission.end();
    else this.#stream.end();
  }

  drained(): void {
    if (this.#blocked) {
      this.#blocked = false;
      this.#stream.resume();
    }
    if (this.#state.name === "transmission") this.#state.transmission.drained();
    while (this.#step());
  }

  closed(_reason: StreamEnd): void {
    if (this.#state.name === "transmission") this.#state.transmission.close();
    this.#state = { name: "closed" };
    this.#input.clear();
    this.#counters.openSessions -= 1;
  }

  /** Takes one thing from the input; false when there is too little of it. */
  #step(): boolean {
    if (this.#blocked) return false;
    const state = this.#state;
    switch (state.name) {
      case "client-flags": {
        const bytes = this.#input.take(CLIENT_FLAGS_BYTES);
        if (bytes === undefined) return false;
        const flags = ((bytes[0]! << 24) | (bytes[1]! << 16) | (bytes[2]! << 8) | bytes[3]!) >>> 0;
        const known = HandshakeFlag.fixedNewstyle | HandshakeFlag.noZeroes;
        if ((flags & ~known) !== 0) return this.#refuse();
        this.#noZeroes = (flags & HandshakeFlag.noZeroes) !== 0;
        this.#state = { name: "option-header" };
        return true;
      }
      case "option-header": {
        const bytes = this.#input.take(OPTION_HEADER_BYTES);
        if (bytes === undefined) return false;
        const header = parseOptionHeader(bytes);
        this.#options += 1;
        if (header === undefined || this.#options > MAX_OPTIONS) return this.#refuse();
        this.#state =
          header.lengthBytes > MAX_OPTION_BYTES
            ? { name: "skip-option", option: header.option, leftBytes: header.lengthBytes }
            : { name: "option-data", ...header };
        return true;
      }
      case "skip-option": {
        const leftBytes = state.leftBytes - this.#input.skip(state.leftBytes);
        if (leftBytes > 0) {
          this.#state = { ...state, leftBytes };
          return false;
        }
        this.#reply(serializeOptionReply(state.option, OptionReply.errTooBig, EMPTY));
        this.#state = { name: "option-header" };
        return true;
      }
      case "option-data": {
        const data = this.#input.take(state.lengthBytes);
        if (data === undefined) return false;
        this.#state = { name: "option-header" };
        this.#option(state.option, data);
        return true;
      }
      case "transmission":
        return state.transmission.step();
      case "closed":
        return false;
      default:
        return state satisfies never;
    }
  }

  #option(option: number, data: Uint8Array): void {
    if (option === Option.exportName) {
      // This option has no error reply: an unknown name ends the connection.
      const found = this.#exports.get(decodeUtf8(data));
      if (found === undefined) {
        this.#counters.unknownExports += 1;
        this.#close();
        return;
      }
      this.#reply(exportNameReply(found, this.#noZeroes));
      this.#transmit(found);
      return;
    }
    const answer = answerOption(this.#exports, option, data);
    for (const reply of answer.replies) this.#reply(reply);
    if (answer.unknownExport) this.#counters.unknownExports += 1;
    if (answer.start !== undefined) this.#transmit(answer.start);
    else if (answer.close) this.#close();
  }

  #reply(bytes: Uint8Array): void {
    if (this.#stream.write(bytes) || this.#blocked) return;
    this.#blocked = true;
    this.#stream.pause();
  }

  #transmit(target: Export): void {
    const transmission = new Transmission(this.#stream, this.#input, target, this.#counters, {
      /** Answers came in: requests that had to wait may go on. */
      resumed: () => {
        while (this.#step());
      },
      malformed: () => void this.#refuse(),
      finished: () => this.#close(),
    });
    this.#state = { name: "transmission", transmission };
  }

  #refuse(): false {
    this.#counters.malformed += 1;
    this.#state = { name: "closed" };
    this.#input.clear();
    this.#stream.abort();
    return false;
  }

  #close(): void {
    this.#state = { name: "closed" };
    this.#input.clear();
    // Of a stream that stays paused the end is never seen.
    if (this.#blocked) this.#stream.resume();
    this.#stream.end();
  }
}
