import type { ExportError } from "../../net/export/export.ts";
import type { NbdClient } from "../../net/nbd/client.ts";

export type BlockRequest =
  | { readonly kind: "read"; readonly offset: number; readonly length: number }
  | { readonly kind: "write"; readonly offset: number; readonly bytes: Uint8Array }
  | { readonly kind: "flush" };

interface Pending {
  readonly request: BlockRequest;
  readonly resolve: (data: Uint8Array) => void;
  readonly reject: (error: ExportError) => void;
  readonly settled: Promise<unknown>;
}

/**
 * Requests without an answer, by cookie, in the order in which they came; what a new connection repeats. Their number is
 * bounded by the front ends, each of which limits what its client has under way.
 */
export class PendingRequests {
  readonly #byCookie = new Map<bigint, Pending>();
  readonly #onAdded: () => void;
  #lastCookie = 0n;

  constructor(onAdded: () => void) {
    this.#onAdded = onAdded;
  }

  get size(): number {
    return this.#byCookie.size;
  }

  /** Sends at once where there is a client, else when `sendAll` is called. */
  add(request: BlockRequest, client: NbdClient | undefined): Promise<Uint8Array> {
    this.#lastCookie += 1n;
    const cookie = this.#lastCookie;
    const { promise, resolve, reject } = withResolvers();
    this.#byCookie.set(cookie, { request, resolve, reject, settled: promise.catch(() => {}) });
    if (client !== undefined) send(client, cookie, request);
    this.#onAdded();
    return promise;
  }

  /** Repeats everything on a new connection. */
  sendAll(client: NbdClient): void {
    for (const [cookie, { request }] of this.#byCookie) send(client, cookie, request);
  }

  settle(cookie: bigint, error: ExportError | undefined, data: Uint8Array): void {
    const pending = this.#byCookie.get(cookie);
    if (pending === undefined) return;
    this.#byCookie.delete(cookie);
    if (error === undefined) pending.resolve(data);
    else pending.reject(error);
  }

  failAll(error: ExportError): void {
    const all = [...this.#byCookie.values()];
    this.#byCookie.clear();
    for (const pending of all) pending.reject(error);
  }

  /** Resolves when no write under way touches these bytes: only then may a write be repeated without harm. */
  async noOverlappingWrite(offset: number, length: number): Promise<void> {
    for (;;) {
      const before = [...this.#byCookie.values()].find(
        ({ request }) =>
          request.kind === "write" &&
          request.offset < offset + length &&
          offset < request.offset + request.bytes.length,
      );
      if (before === undefined) return;
      await before.settled;
    }
  }
}

function send(client: NbdClient, cookie: bigint, request: BlockRequest): void {
  switch (request.kind) {
    case "read":
      client.read(cookie, request.offset, request.length);
      break;
    case "write":
      client.write(cookie, request.offset, request.bytes);
      break;
    case "flush":
      client.flush(cookie);
      break;
    default:
      request satisfies never;
  }
}

function withResolvers() {
  let resolve: (data: Uint8Array) => void = () => {};
  let reject: (error: ExportError) => void = () => {};
  const promise = new Promise<Uint8Array>((onResolve, onReject) => {
    resolve = onResolve;
    reject = onReject;
  });
  return { promise, resolve, reject };
}
