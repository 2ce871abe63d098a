import { createHash } from "node:crypto";
import { ByteQueue } from "../../net/nbd/byte-queue.ts";
import { Command, HandshakeFlag, Info, Option, OptionReply } from "../../net/nbd/constants.ts";
import { decodeUtf8, encodeUtf8 } from "../../net/nbd/text.ts";
import {
  CLIENT_FLAGS_BYTES,
  GREETING_BYTES,
  OPTION_REPLY_HEADER_BYTES,
  parseGreeting,
  parseOptionReplyHeader,
  parseSimpleReply,
  SIMPLE_REPLY_BYTES,
  serializeOption,
  serializeRequest,
} from "../../net/nbd/wire.ts";
import type { ByteStream, ByteStreamHandler, StreamEnd } from "../../net/stream/stream.ts";

/** Opens the connection, `station.connect` for example. */
export type Open = (handler: ByteStreamHandler) => ByteStream;

/**
 * The guest's side of NBD as the kernel's driver and nbd-client have it: fixed newstyle, NBD_OPT_GO, simple replies, several
 * requests under way. For tests and benchmarks: what the server gets wrong is thrown.
 */
export class GuestNbd {
  readonly sizeBytes: number;
  readonly flags: number;
  readonly #link: StreamReader;
  readonly #waiting = new Map<
    bigint,
    { length: number; resolve(data: Uint8Array): void; reject(error: Error): void }
  >();
  #cookie = 0n;

  private constructor(link: StreamReader, sizeBytes: number, flags: number) {
    this.#link = link;
    this.sizeBytes = sizeBytes;
    this.flags = flags;
    void this.#receiveReplies();
  }

  /** Rejects with the server's own words when it does not have the export. */
  static async open(open: Open, name: string): Promise<GuestNbd> {
    const link = new StreamReader(open);
    if (parseGreeting(await link.take(GREETING_BYTES)) === undefined)
      throw new Error("this is no NBD server");
    const flags = new Uint8Array(CLIENT_FLAGS_BYTES);
    new DataView(flags.buffer).setUint32(0, HandshakeFlag.fixedNewstyle | HandshakeFlag.noZeroes);
    link.stream.write(flags);
    link.stream.write(serializeOption(Option.go, goData(name)));
    let size: { sizeBytes: number; flags: number } | undefined;
    for (;;) {
      const header = parseOptionReplyHeader(await link.take(OPTION_REPLY_HEADER_BYTES));
      if (header === undefined) throw new Error("the answer to NBD_OPT_GO is none");
      const data = await link.take(header.lengthBytes);
      if (header.reply === OptionReply.ack) break;
      if (header.reply !== OptionReply.info) {
        link.stream.abort();
        throw new Error(`NBD_OPT_GO was refused: ${decodeUtf8(data)}`);
      }
      const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
      if (view.getUint16(0) !== Info.export) continue;
      size = { sizeBytes: Number(view.getBigUint64(2)), flags: view.getUint16(10) };
    }
    if (size === undefined) throw new Error("the server did not say how large the export is");
    return new GuestNbd(link, size.sizeBytes, size.flags);
  }

  /** Reads bytes at an offset. Any number of reads may be under way. */
  read(offset: number, length: number): Promise<Uint8Array> {
    const cookie = this.#cookie++;
    return new Promise((resolve, reject) => {
      this.#waiting.set(cookie, { length, resolve, reject });
      this.#link.stream.write(
        serializeRequest({ flags: 0, command: Command.read, cookie, offset: BigInt(offset), length }),
      );
    });
  }

  /** Says goodbye; resolves when the connection is closed. */
  async disconnect(): Promise<StreamEnd> {
    const request = { flags: 0, command: Command.disconnect, cookie: 0n, offset: 0n, length: 0 };
    this.#link.stream.write(serializeRequest(request));
    this.#link.stream.end();
    return this.#link.closed;
  }

  async #receiveReplies(): Promise<void> {
    try {
      for (;;) {
        const reply = parseSimpleReply(await this.#link.take(SIMPLE_REPLY_BYTES));
        const waiting = reply && this.#waiting.get(reply.cookie);
        if (reply === undefined || waiting === undefined) throw new Error("a reply that nobody asked for");
        this.#waiting.delete(reply.cookie);
        if (reply.error !== 0) waiting.reject(new Error(`the read failed with error ${reply.error}`));
        else waiting.resolve(await this.#link.take(waiting.length));
      }
    } catch (error) {
      for (const { reject } of this.#waiting.values()) reject(error as Error);
      this.#waiting.clear();
    }
  }
}

/** Reads a whole export in order with `depth` requests under way; resolves with the SHA-256 of its bytes, in hexadecimal. */
export async function hashExport(
  nbd: GuestNbd,
  { requestBytes = 128 * 1024, depth = 8 }: { requestBytes?: number; depth?: number } = {},
): Promise<string> {
  const hash = createHash("sha256");
  const underWay: Promise<Uint8Array>[] = [];
  for (let offset = 0; offset < nbd.sizeBytes || underWay.length > 0; ) {
    while (offset < nbd.sizeBytes && underWay.length < depth) {
      const length = Math.min(requestBytes, nbd.sizeBytes - offset);
      underWay.push(nbd.read(offset, length));
      offset += length;
    }
    hash.update(await underWay.shift()!);
  }
  return hash.digest("hex");
}

/** u32 length of the name, the name, and u16 0: no information beyond the export's own is asked for. */
function goData(name: string): Uint8Array {
  const text = encodeUtf8(name);
  const data = new Uint8Array(4 + text.length + 2);
  new DataView(data.buffer).setUint32(0, text.length);
  data.set(text, 4);
  return data;
}

/** Bytes of a stream by exact lengths. */
class StreamReader {
  readonly stream: ByteStream;
  readonly closed: Promise<StreamEnd>;
  readonly #input = new ByteQueue();
  #wanted: { count: number; resolve(bytes: Uint8Array): void; reject(error: Error): void } | undefined;
  #end: StreamEnd | undefined;

  constructor(open: Open) {
    let closed: (reason: StreamEnd) => void;
    this.closed = new Promise((resolve) => {
      closed = resolve;
    });
    this.stream = open({
      data: (bytes) => {
        this.#input.push(bytes);
        this.#look();
      },
      end: () => this.stream.end(),
      drained: () => {},
      closed: (reason) => {
        this.#end = reason;
        closed(reason);
        this.#look();
      },
    });
  }

  /** One call at a time. Rejects when the stream is over before. */
  take(count: number): Promise<Uint8Array> {
    return new Promise((resolve, reject) => {
      this.#wanted = { count, resolve, reject };
      this.#look();
    });
  }

  #look(): void {
    const wanted = this.#wanted;
    const bytes = wanted && this.#input.take(wanted.count);
    if (wanted === undefined || (bytes === undefined && this.#end === undefined)) return;
    this.#wanted = undefined;
    if (bytes !== undefined) wanted.resolve(bytes);
    else wanted.reject(new Error(`the connection is over: ${this.#end}`));
  }
}
