import { createHash } from "node:crypto";
import { type ClientEnd, type ExportInfo, NbdClient } from "../../net/nbd/client.ts";
import type { ByteStream, ByteStreamHandler } from "../../net/stream/stream.ts";

interface Waiting {
  resolve(data: Uint8Array): void;
  reject(error: Error): void;
}

/** A guest's block device: what its kernel and nbd-client do. For tests and benchmarks; failures are rejections. */
export class GuestNbd {
  readonly info: ExportInfo;
  /** Resolves when the connection is over. */
  readonly ended: Promise<ClientEnd>;
  readonly #client: NbdClient;
  readonly #waiting: Map<bigint, Waiting>;
  #cookie = 0n;

  private constructor(
    client: NbdClient,
    info: ExportInfo,
    waiting: Map<bigint, Waiting>,
    ended: Promise<ClientEnd>,
  ) {
    this.#client = client;
    this.info = info;
    this.#waiting = waiting;
    this.ended = ended;
  }

  /** `open` opens the connection, `station.connect` for example. Rejects in the server's words when it has no such export. */
  static open(open: (handler: ByteStreamHandler) => ByteStream, name: string): Promise<GuestNbd> {
    return new Promise((resolve, reject) => {
      const waiting = new Map<bigint, Waiting>();
      const ended = new Promise<ClientEnd>((onEnded) => {
        const client: NbdClient = new NbdClient(name, {
          ready: (info) => resolve(new GuestNbd(client, info, waiting, ended)),
          reply: (cookie, error, data) => {
            const request = waiting.get(cookie);
            waiting.delete(cookie);
            if (error === 0) request?.resolve(data);
            else request?.reject(new Error(`the server answered error ${error}`));
          },
          ended: (end) => {
            const error = new Error(`the NBD connection is over: ${words(end)}`);
            reject(error);
            for (const request of waiting.values()) request.reject(error);
            waiting.clear();
            onEnded(end);
          },
        });
        client.attach(open(client));
      });
    });
  }

  /** Reads bytes at an offset. Any number of reads may be under way. */
  read(offset: number, length: number): Promise<Uint8Array> {
    const cookie = this.#cookie++;
    return new Promise((resolve, reject) => {
      this.#waiting.set(cookie, { resolve, reject });
      this.#client.read(cookie, offset, length);
    });
  }

  /** Says goodbye; resolves when the connection is closed. */
  disconnect(): Promise<ClientEnd> {
    this.#client.disconnect();
    return this.ended;
  }
}

export interface HashOptions {
  readonly requestBytes?: number;
  /** How many requests are under way at once. */
  readonly depth?: number;
}

/** Reads the whole device in order; resolves with the SHA-256 of its bytes, in hexadecimal. */
export async function hashDevice(nbd: GuestNbd, options: HashOptions = {}): Promise<string> {
  const { requestBytes = 128 * 1024, depth = 8 } = options;
  const { sizeBytes } = nbd.info;
  const hash = createHash("sha256");
  const underWay: Promise<Uint8Array>[] = [];
  for (let offset = 0; offset < sizeBytes || underWay.length > 0; ) {
    while (offset < sizeBytes && underWay.length < depth) {
      const length = Math.min(requestBytes, sizeBytes - offset);
      const read = nbd.read(offset, length);
      read.catch(() => {}); // whoever awaits it in its turn hears of it
      underWay.push(read);
      offset += length;
    }
    hash.update(await underWay.shift()!);
  }
  return hash.digest("hex");
}

function words(end: ClientEnd): string {
  return end.kind === "lost" ? end.reason : end.message;
}
