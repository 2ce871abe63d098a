import { readU16, readU32 } from "../../net/ethernet/octets.ts";

// The fixed newstyle handshake (NBD's doc/proto.md), as far as somebody who listens needs it.
const NBDMAGIC = "NBDMAGIC";
const IHAVEOPT = "IHAVEOPT";
const REPLY_MAGIC_HIGH = 0x0003e889;
const REPLY_MAGIC_LOW = 0x045565a9;
/** NBDMAGIC, IHAVEOPT, u16 flags. */
const GREETING_BYTES = 18;
const CLIENT_FLAGS_BYTES = 4;
/** IHAVEOPT, u32 option, u32 length. */
const OPTION_HEADER_BYTES = 16;
/** u64 magic, u32 option, u32 type, u32 length. */
const REPLY_HEADER_BYTES = 20;
/** u64 size, u16 flags: all that an answer to EXPORT_NAME is sure to have. */
const EXPORT_NAME_ANSWER_BYTES = 10;

const OPT_EXPORT_NAME = 1;
const OPT_INFO = 6;
const OPT_GO = 7;
const REP_ACK = 1;
const REP_INFO = 3;
const REP_ERROR_BIT = 0x80000000;
const REP_ERR_UNSUP = 0x80000001;
const REP_ERR_UNKNOWN = 0x80000006;
const INFO_EXPORT = 0;
const FLAG_READ_ONLY = 1 << 1;

/** A handshake is short. What goes on for longer is something else. */
const MAX_BUFFERED_BYTES = 64 * 1024;

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

/** Listens to both directions of one NBD connection until the export is attached, or until it makes no sense. */
export class NbdHandshake {
  readonly #handlers: NbdHandshakeHandlers;
  #client = new Uint8Array(0);
  #server = new Uint8Array(0);
  #clientFlagsSeen = false;
  #greetingSeen = false;
  #name = "";
  #sizeBytes: number | undefined;
  #readOnly: boolean | undefined;
  /** The client asked by EXPORT_NAME, whose answer has no header. */
  #plainAnswerDue = false;
  #over = false;

  constructor(handlers: NbdHandshakeHandlers) {
    this.#handlers = handlers;
  }

  get over(): boolean {
    return this.#over;
  }

  /** Bytes in order, in any split. */
  fromClient(bytes: Uint8Array): void {
    if (this.#over) return;
    this.#client = append(this.#client, bytes);
    if (!this.#clientFlagsSeen) {
      if (this.#client.length < CLIENT_FLAGS_BYTES) return;
      this.#clientFlagsSeen = true;
      this.#client = this.#client.subarray(CLIENT_FLAGS_BYTES);
    }
    while (!this.#over && this.#client.length >= OPTION_HEADER_BYTES) {
      if (text(this.#client, 0, 8) !== IHAVEOPT) {
        this.#over = true;
        return;
      }
      const option = readU32(this.#client, 8);
      const end = OPTION_HEADER_BYTES + readU32(this.#client, 12);
      if (this.#client.length < end) break;
      this.#option(option, this.#client.subarray(OPTION_HEADER_BYTES, end));
      this.#client = this.#client.subarray(end);
    }
    this.#bound(this.#client);
  }

  fromServer(bytes: Uint8Array): void {
    if (this.#over) return;
    this.#server = append(this.#server, bytes);
    if (!this.#greetingSeen) {
      if (this.#server.length < GREETING_BYTES) return;
      if (text(this.#server, 0, 8) !== NBDMAGIC || text(this.#server, 8, 8) !== IHAVEOPT) {
        this.#over = true;
        return;
      }
      this.#greetingSeen = true;
      this.#server = this.#server.subarray(GREETING_BYTES);
    }
    while (!this.#over && this.#takeReply());
    this.#bound(this.#server);
  }

  #option(option: number, data: Uint8Array): void {
    if (option === OPT_EXPORT_NAME) {
      this.#name = text(data, 0, data.length);
      this.#plainAnswerDue = true;
    } else if ((option === OPT_GO || option === OPT_INFO) && data.length >= 4) {
      this.#name = text(data, 4, readU32(data, 0));
    }
  }

  /** Returns whether there may be another. */
  #takeReply(): boolean {
    const bytes = this.#server;
    if (bytes.length >= 8 && isReply(bytes)) {
      if (bytes.length < REPLY_HEADER_BYTES) return false;
      const end = REPLY_HEADER_BYTES + readU32(bytes, 16);
      if (bytes.length < end) return false;
      this.#reply(readU32(bytes, 8), readU32(bytes, 12), bytes.subarray(REPLY_HEADER_BYTES, end));
      this.#server = bytes.subarray(end);
      return true;
    }
    if (bytes.length < EXPORT_NAME_ANSWER_BYTES) return false;
    this.#over = true;
    if (this.#plainAnswerDue) {
      this.#sizeAndFlags(bytes, 0);
      this.#attached();
    }
    return false;
  }

  #reply(option: number, type: number, data: Uint8Array): void {
    if (option !== OPT_GO && option !== OPT_INFO) return;
    if (type === REP_INFO && data.length >= 12 && readU16(data, 0) === INFO_EXPORT) {
      this.#sizeAndFlags(data, 2);
    } else if (type === REP_ACK && option === OPT_GO) {
      this.#over = true;
      this.#attached();
    } else if ((type & REP_ERROR_BIT) !== 0 && type !== REP_ERR_UNSUP) {
      this.#handlers.refused(this.#name, type === REP_ERR_UNKNOWN, text(data, 0, data.length));
    }
  }

  #sizeAndFlags(bytes: Uint8Array, at: number): void {
    this.#sizeBytes = readU32(bytes, at) * 2 ** 32 + readU32(bytes, at + 4);
    this.#readOnly = (readU16(bytes, at + 8) & FLAG_READ_ONLY) !== 0;
  }

  #attached(): void {
    this.#handlers.attached({
      name: this.#name,
      ...(this.#sizeBytes === undefined ? {} : { sizeBytes: this.#sizeBytes }),
      ...(this.#readOnly === undefined ? {} : { readOnly: this.#readOnly }),
    });
  }

  #bound(buffered: Uint8Array): void {
    if (buffered.length > MAX_BUFFERED_BYTES) this.#over = true;
  }
}

function isReply(bytes: Uint8Array): boolean {
  return readU32(bytes, 0) === REPLY_MAGIC_HIGH && readU32(bytes, 4) === REPLY_MAGIC_LOW;
}

function append(buffered: Uint8Array, bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(buffered.length + bytes.length);
  whole.set(buffered);
  whole.set(bytes, buffered.length);
  return whole;
}

function text(bytes: Uint8Array, at: number, length: number): string {
  return new TextDecoder().decode(bytes.subarray(at, at + length));
}
