import { ExportError } from "../export/export.ts";
import type { NbdClient } from "./client.ts";

export type BlockRequest =
  | { readonly kind: "read"; readonly offset: number; readonly length: number }
  | { readonly kind: "write"; readonly offset: number; readonly bytes: Uint8Array }
  | { readonly kind: "flush" };

interface Pending {
  readonly request: BlockRequest;
  readonly resolve: (data: Uint8Array) => void;
  readonly reject: (error: ExportError) => void;
  /** Waits for an earlier write to the same bytes. */
  held: boolean;
}

/**
 * Requests without an answer, by cookie, in the order in which they came; what a new connection repeats.
 *
 * Two writes to the same bytes are never under way together: the second waits for the answer to the first. Else a first
 * write that is repeated could undo a second that was answered already.
 *
 * Their number is bounded: what is beyond it is refused, and counted.
 */
export class PendingRequests {
  readonly #limit: number;
  readonly #byCookie = new Map<bigint, Pending>();
  #client: Pick<NbdClient, "read" | "write" | "flush"> | undefined;
  #lastCookie = 0n;
  #held = 0;
  #refused = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  get size(): number {
    return this.#byCookie.size;
  }
  /** How many requests were too many. */
  get refused(): number {
    return this.#refused;
  }

  /** Repeats everything on this connection, and sends on it from now on. */
  attach(client: Pick<NbdClient, "read" | "write" | "flush">): void {
    this.#client = client;
    for (const [cookie, pending] of this.#byCookie) if (!pending.held) this.#send(cookie, pending.request);
  }

  /** The connection is gone: requests wait for the next one. */
  detach(): void {
    this.#client = undefined;
  }

  /** Resolves with the bytes of a read, and with none for the others. */
  add(request: BlockRequest): Promise<Uint8Array> {
    if (this.#byCookie.size >= this.#limit) {
      this.#refused += 1;
      return Promise.reject(
        new ExportError("EIO", `More than ${this.#limit} requests wait for the same server.`),
      );
    }
    this.#lastCookie += 1n;
    const cookie = this.#lastCookie;
    const held = request.kind === "write" && overlapsOneOf(request, this.#writesBefore(cookie));
    if (held) this.#held += 1;
    return new Promise((resolve, reject) => {
      this.#byCookie.set(cookie, { request, resolve, reject, held });
      if (!held) this.#send(cookie, request);
    });
  }

  settle(cookie: bigint, error: ExportError | undefined, data: Uint8Array): void {
    const pending = this.#byCookie.get(cookie);
    if (pending === undefined) return;
    this.#byCookie.delete(cookie);
    if (error === undefined) pending.resolve(data);
    else pending.reject(error);
    if (pending.request.kind === "write" && this.#held > 0) this.#release();
  }

  failAll(error: ExportError): void {
    const all = [...this.#byCookie.values()];
    this.#byCookie.clear();
    this.#held = 0;
    for (const pending of all) pending.reject(error);
  }

  /** Sends the writes whose turn has come. */
  #release(): void {
    for (const [cookie, pending] of this.#byCookie) {
      if (!pending.held || pending.request.kind !== "write") continue;
      if (overlapsOneOf(pending.request, this.#writesBefore(cookie))) continue;
      pending.held = false;
      this.#held -= 1;
      this.#send(cookie, pending.request);
    }
  }

  *#writesBefore(cookie: bigint): Iterable<WriteRequest> {
    for (const [each, { request }] of this.#byCookie) {
      if (each >= cookie) return;
      if (request.kind === "write") yield request;
    }
  }

  #send(cookie: bigint, request: BlockRequest): void {
    switch (request.kind) {
      case "read":
        this.#client?.read(cookie, request.offset, request.length);
        break;
      case "write":
        this.#client?.write(cookie, request.offset, request.bytes);
        break;
      case "flush":
        this.#client?.flush(cookie);
        break;
      default:
        request satisfies never;
    }
  }
}

type WriteRequest = Extract<BlockRequest, { kind: "write" }>;

function overlapsOneOf(one: WriteRequest, others: Iterable<WriteRequest>): boolean {
  for (const other of others) {
    if (other.offset < one.offset + one.bytes.length && one.offset < other.offset + other.bytes.length)
      return true;
  }
  return false;
}
