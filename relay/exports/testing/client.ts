import { NbdClient } from "../../../net/nbd/client.ts";
import { dialTcp } from "../socket-stream.ts";

export interface Reply {
  /** An errno of the NBD protocol; 0 is success. */
  readonly error: number;
  readonly data: Uint8Array;
}

/** Requests as no well-behaved client makes them. */
export interface RawClient {
  read(offset: number, length: number): Promise<Reply>;
  write(offset: number, bytes: Uint8Array): Promise<Reply>;
  close(): Promise<void>;
}

export function openClient(port: number, name: string): Promise<RawClient> {
  return new Promise((resolve, reject) => {
    const waiting = new Map<bigint, (reply: Reply) => void>();
    let cookie = 0n;
    let onEnded: () => void = () => {};
    const ended = new Promise<void>((done) => {
      onEnded = done;
    });
    const ask = (send: (cookie: bigint) => void) =>
      new Promise<Reply>((answered) => {
        cookie += 1n;
        waiting.set(cookie, answered);
        send(cookie);
      });
    const client = new NbdClient(name, {
      ready: () =>
        resolve({
          read: (offset, length) => ask((tag) => client.read(tag, offset, length)),
          write: (offset, bytes) => ask((tag) => client.write(tag, offset, bytes)),
          async close() {
            client.disconnect();
            await ended;
          },
        }),
      reply: (tag, error, data) => waiting.get(tag)?.({ error, data }),
      ended: (end) => {
        reject(new Error(JSON.stringify(end)));
        onEnded();
      },
    });
    client.attach(dialTcp({ host: "127.0.0.1", port }, client));
  });
}
