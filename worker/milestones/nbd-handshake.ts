import { ByteQueue } from "../../net/nbd/byte-queue.ts";
import { Info, MAX_OPTION_BYTES, Option, OptionReply, TransmissionFlag } from "../../net/nbd/constants.ts";
import { decodeUtf8 } from "../../net/nbd/text.ts";
import {
  CLIENT_FLAGS_BYTES,
  GREETING_BYTES,
  OPTION_HEADER_BYTES,
  OPTION_REPLY_HEADER_BYTES,
  parseGreeting,
  parseOptionHeader,
  parseOptionReplyHeader,
} from "../../net/nbd/wire.ts";

/** An answer to NBD_OPT_EXPORT_NAME has no header. All that it is sure to have: u64 size, u16 flags. */
const EXPORT_NAME_ANSWER_BYTES = 10;
/** NBD_INFO_EXPORT: u16 type, u64 size, u16 flags. */
const INFO_EXPORT_BYTES = 12;
const ERROR_BIT = 0x80000000;

export interface NbdExport {
  readonly name: string;
  readonly sizeBytes?: number;
  readonly readOnly?: boolean;
}

export interface NbdHandshakeHandlers {
  /** Both sides have agreed: block requests follow. */
  attached(attached: NbdExport): void;
  refused(name: string, unknown: boolean, serverSays: string): void;
}

/** Listens to both directions of one NBD connection, until the export is attached or it makes no sense. */
export class NbdHandshake {
  readonly #handlers: NbdHandshakeHandlers;
  readonly #client = new ByteQueue();
  readonly #server = new ByteQueue();
  #clientFlagsSeen = false;
  #greetingSeen = false;
  #name = "";
  #size: { readonly sizeBytes: number; readonly readOnly: boolean } | undefined;
  /** The client asked by EXPORT_NAME. */
  #plainAnswerDue = false;
  #over = false;

  constructor(handlers: NbdHandshakeHandlers) {
    this.#handlers = handlers;
  }

  get over(): boolean {
    return this.#over;
  }

  /** Bytes in order, in any split. They are kept. */
  fromClient(bytes: Uint8Array): void {
    if (this.#over) return;
    this.#client.push(bytes);
    this.#clientFlagsSeen ||= this.#client.take(CLIENT_FLAGS_BYTES) !== undefined;
    while (this.#clientFlagsSeen && !this.#over && this.#takeOption());
  }

  /** Bytes in order, in any split. They are kept. */
  fromServer(bytes: Uint8Array): void {
    if (this.#over) return;
    this.#server.push(bytes);
    if (!this.#greetingSeen) {
      const greeting = this.#server.take(GREETING_BYTES);
      if (greeting === undefined) return;
      this.#greetingSeen = true;
      this.#over = parseGreeting(greeting) === undefined;
    }
    while (!this.#over && this.#takeReply());
  }

  /** Returns whether there may be another. */
  #takeOption(): boolean {
    const head = this.#client.peek(OPTION_HEADER_BYTES);
    if (head === undefined) return false;
    const header = parseOptionHeader(head);
    if (header === undefined || header.lengthBytes > MAX_OPTION_BYTES) {
      this.#over = true;
      return false;
    }
    const whole = this.#client.take(OPTION_HEADER_BYTES + header.lengthBytes);
    if (whole === undefined) return false;
    const data = whole.subarray(OPTION_HEADER_BYTES);
    if (header.option === Option.exportName) {
      this.#name = decodeUtf8(data);
      this.#plainAnswerDue = true;
    } else if ((header.option === Option.go || header.option === Option.info) && data.length >= 4) {
      this.#name = decodeUtf8(data.subarray(4, 4 + viewOf(data).getUint32(0)));
    }
    return true;
  }

  /** Returns whether there may be another. */
  #takeReply(): boolean {
    const head = this.#server.peek(OPTION_REPLY_HEADER_BYTES);
    const header = head === undefined ? undefined : parseOptionReplyHeader(head);
    if (header !== undefined && header.lengthBytes <= MAX_OPTION_BYTES) {
      const whole = this.#server.take(OPTION_REPLY_HEADER_BYTES + header.lengthBytes);
      if (whole === undefined) return false;
      this.#reply(header.option, header.reply, whole.subarray(OPTION_REPLY_HEADER_BYTES));
      return true;
    }
    if (head === undefined && !this.#plainAnswerDue) return false;
    const answer = this.#server.take(EXPORT_NAME_ANSWER_BYTES);
    if (answer === undefined) return false;
    this.#over = true;
    if (this.#plainAnswerDue) this.#attached(sizeAndFlags(answer, 0));
    return false;
  }

  #reply(option: number, reply: number, data: Uint8Array): void {
    if (option !== Option.go && option !== Option.info) return;
    if (reply === OptionReply.info && data.length >= INFO_EXPORT_BYTES) {
      if (viewOf(data).getUint16(0) === Info.export) this.#size = sizeAndFlags(data, 2);
    } else if (reply === OptionReply.ack && option === Option.go) {
      this.#over = true;
      this.#attached(this.#size);
      // A server without GO is asked in the old way next.
    } else if (reply >= ERROR_BIT && reply !== OptionReply.errUnsupported) {
      this.#handlers.refused(this.#name, reply === OptionReply.errUnknown, decodeUtf8(data));
    }
  }

  #attached(size: { readonly sizeBytes: number; readonly readOnly: boolean } | undefined): void {
    this.#handlers.attached({ name: this.#name, ...size });
  }
}

function sizeAndFlags(bytes: Uint8Array, at: number) {
  const view = viewOf(bytes);
  return {
    sizeBytes: Number(view.getBigUint64(at)),
    readOnly: (view.getUint16(at + 8) & TransmissionFlag.readOnly) !== 0,
  };
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
