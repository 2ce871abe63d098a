import type { After } from "../clock.ts";
import { BufferPool } from "../export/buffer-pool.ts";
import { type Export, ExportError, type ExportErrorCode } from "../export/export.ts";
import type { ByteStream, ByteStreamHandler } from "../stream/stream.ts";
import { type ClientEnd, type ExportInfo, NbdClient } from "./client.ts";
import { NbdError } from "./constants.ts";
import { type BlockRequest, PendingRequests } from "./pending-requests.ts";

export interface RemoteExportOptions {
  /**
   * Opens a connection to the server, and returns at once: what is written before it is there waits, and that it failed is
   * told by `closed`.
   */
  readonly dial: (handler: ByteStreamHandler) => ByteStream;
  readonly after: After;
  /** Milliseconds since the epoch. */
  readonly nowMs: () => number;
  /** Between 0 and 1. Only spreads out reconnections. */
  readonly random: () => number;
  /** The server in words: "The NBD server at HOST:PORT". */
  readonly server: string;
  readonly description: string;
  /** What the server calls it. */
  readonly remoteName: string;
  /** The name under which guests see it. */
  readonly name: string;
  readonly readOnly: boolean;
  /** Where it is known beforehand; another one is refused. */
  readonly sizeBytes?: number;
  /** What helps when the size changed, as a sentence. */
  readonly sizeAdvice: string;
  /** Told of every change of state, in words. */
  readonly onState?: (state: RemoteExportState) => void;
  /** A server that does not answer for this long is taken for hung, and the connection is made anew. */
  readonly requestTimeoutMs?: number;
  /** How long the first connection may take before it counts as failed; `Infinity` for as long as it takes. */
  readonly openTimeoutMs?: number;
  /** How many requests may be without an answer; further ones are refused with EIO. */
  readonly maxRequests?: number;
}

export type RemoteExportState =
  | { readonly name: "connecting" }
  | { readonly name: "ready" }
  | {
      readonly name: "reconnecting";
      /** When the connection was lost, or the first attempt made: milliseconds since the epoch. */
      readonly sinceMs: number;
      readonly attempts: number;
      readonly lastError: string;
    }
  | { readonly name: "failed"; readonly lastError: string }
  | { readonly name: "closed" };

const DEFAULT_REQUEST_TIMEOUT_MS = 30_000;
const DEFAULT_OPEN_TIMEOUT_MS = 5_000;
const FIRST_RETRY_MS = 50;
const LONGEST_RETRY_MS = 3_000;
const DEFAULT_MAX_REQUESTS = 4096;
/** Of answers that were given back and wait to be used again. */
const MAX_IDLE_BYTES = 4 * 1024 * 1024;
/** How long a server that we said good-bye to may take to close the connection. */
const GOODBYE_MS = 1_000;

/**
 * An export on an NBD server at the other end of a connection. When the connection is lost it is made again, for as long as it takes, and what was
 * under way is repeated: to the guest it is a pause. A server that comes back with another size is refused.
 *
 * Repeating is harmless: reads and flushes by nature, writes because one that overlaps another waits for it. What nobody
 * can mend: a server that answered a write and lost it, before the flush, with its machine.
 */
export class RemoteExport implements Export {
  readonly name: string;
  readonly description: string;
  /** Settles with the first connection. */
  readonly opened: Promise<void>;
  #state: RemoteExportState = { name: "connecting" };
  readonly #options: RemoteExportOptions;
  readonly #pending: PendingRequests;
  readonly #answers = new BufferPool(MAX_IDLE_BYTES);
  #info: ExportInfo | undefined;
  #client: NbdClient | undefined;
  #abortConnection: () => void = () => {};
  #retryTimer: (() => void) | undefined;
  #watchdog: (() => void) | undefined;
  #openTimer: (() => void) | undefined;
  #reconnects = 0;
  /** Since a server last answered something. */
  #attempts = 0;
  #hungUp: () => void = () => {};

  constructor(options: RemoteExportOptions) {
    this.name = options.name;
    this.description = options.description;
    this.#options = options;
    this.#pending = new PendingRequests(options.maxRequests ?? DEFAULT_MAX_REQUESTS);
    this.opened = new Promise((resolve, reject) => {
      const timeoutMs = options.openTimeoutMs ?? DEFAULT_OPEN_TIMEOUT_MS;
      const giveUp = () => {
        const lastError = "lastError" in this.#state ? this.#state.lastError : "it does not answer";
        this.#fail(`${options.server} can not be used: ${lastError}.`);
      };
      if (timeoutMs !== Number.POSITIVE_INFINITY) this.#openTimer = options.after(timeoutMs, giveUp);
      this.#onOpen = resolve;
      this.#onFail = (message) => reject(new ExportError("ESHUTDOWN", message));
    });
    // Whoever waits for it hears of a rejection; whoever does not reads the state.
    this.opened.catch(() => {});
    this.#connect();
  }

  #onOpen: () => void = () => {};
  #onFail: (message: string) => void = () => {};

  get state(): RemoteExportState {
    return this.#state;
  }
  /** How often the connection was lost and made again. */
  get reconnects(): number {
    return this.#reconnects;
  }
  /** How many requests were refused because too many waited already. */
  get refused(): number {
    return this.#pending.refused;
  }
  get sizeBytes(): number {
    return this.#info?.sizeBytes ?? this.#options.sizeBytes ?? 0;
  }
  get readOnly(): boolean {
    return this.#options.readOnly || (this.#info?.readOnly ?? true);
  }

  read(offset: number, length: number): Promise<Uint8Array> {
    return length === 0 ? Promise.resolve(new Uint8Array(0)) : this.#submit({ kind: "read", offset, length });
  }

  giveBack(bytes: Uint8Array): void {
    this.#answers.giveBack(bytes);
  }

  async write(offset: number, bytes: Uint8Array): Promise<void> {
    if (this.readOnly) throw new ExportError("EPERM", `The export "${this.name}" is read-only.`);
    if (bytes.length > 0) await this.#submit({ kind: "write", offset, bytes });
  }

  async flush(): Promise<void> {
    if (this.#info?.canFlush === true) await this.#submit({ kind: "flush" });
  }

  /** Says good-bye to the server. What is under way fails. Resolves when the connection is closed. */
  async close(): Promise<void> {
    if (this.#state.name === "closed") return;
    this.#setState({ name: "closed" });
    this.#settle(`The export "${this.name}" was closed.`);
    if (this.#client === undefined) return;
    const hungUp = new Promise<void>((resolve) => {
      this.#hungUp = resolve;
    });
    this.#client.disconnect();
    const cancel = this.#options.after(GOODBYE_MS, () => this.#abortConnection());
    await hungUp;
    cancel();
  }

  #submit(request: BlockRequest): Promise<Uint8Array> {
    if (this.#state.name === "failed" || this.#state.name === "closed") {
      const why = this.#state.name === "failed" ? this.#state.lastError : "It was closed.";
      return Promise.reject(new ExportError("ESHUTDOWN", why));
    }
    const answer = this.#pending.add(request);
    this.#armWatchdog();
    return answer;
  }

  #connect(): void {
    const client = new NbdClient(this.#options.remoteName, {
      ready: (info) => this.#ready(info, client),
      reply: (cookie, error, data) => this.#reply(cookie, error, data),
      allocate: (lengthBytes) => this.#answers.take(lengthBytes),
      ended: (end) => this.#ended(end, client),
    });
    this.#client = client;
    const stream = this.#options.dial(client);
    client.attach(stream);
    this.#abortConnection = () => stream.abort();
    this.#armWatchdog();
  }

  #ready(info: ExportInfo, client: NbdClient): void {
    const known = this.#info?.sizeBytes ?? this.#options.sizeBytes;
    if (known !== undefined && known !== info.sizeBytes) {
      this.#fail(
        `The export "${this.name}" changed its size from ${known} to ${info.sizeBytes} bytes while its ` +
          `server was away. It is not served any more; ${this.#options.sizeAdvice}`,
      );
      client.disconnect();
      return;
    }
    if (this.#info !== undefined) this.#reconnects += 1;
    this.#info = info;
    this.#openTimer?.();
    this.#setState({ name: "ready" });
    this.#pending.attach(client);
    this.#onOpen();
    this.#armWatchdog();
  }

  #reply(cookie: bigint, error: number, data: Uint8Array): void {
    if (error === NbdError.ESHUTDOWN) {
      // The server goes: its successor is asked again.
      this.#abortConnection();
      return;
    }
    this.#attempts = 0;
    this.#pending.settle(cookie, errorOf(error, this.name, this.#options.server), data);
    this.#armWatchdog();
  }

  #ended(end: ClientEnd, client: NbdClient): void {
    if (client !== this.#client) return;
    this.#client = undefined;
    this.#pending.detach();
    this.#watchdog?.();
    this.#hungUp();
    if (this.#state.name === "failed" || this.#state.name === "closed") return;
    const lastError = end.kind === "lost" ? LOST[end.reason] : end.message;
    if (this.#info === undefined && end.kind !== "lost") {
      this.#fail(`${this.#options.server} can not be used: ${lastError}.`);
      return;
    }
    this.#attempts += 1;
    const sinceMs = this.#state.name === "reconnecting" ? this.#state.sinceMs : this.#options.nowMs();
    this.#setState({ name: "reconnecting", sinceMs, attempts: this.#attempts, lastError });
    const longest = Math.min(LONGEST_RETRY_MS, FIRST_RETRY_MS * 2 ** (this.#attempts - 1));
    const { after, random } = this.#options;
    this.#retryTimer = after(longest * (0.5 + random() / 2), () => this.#connect());
  }

  #fail(message: string): void {
    this.#setState({ name: "failed", lastError: message });
    this.#abortConnection();
    this.#settle(message);
  }

  #settle(message: string): void {
    this.#openTimer?.();
    this.#retryTimer?.();
    this.#watchdog?.();
    this.#onFail(message);
    this.#pending.failAll(new ExportError("ESHUTDOWN", message));
  }

  /** One timer for the connection: it runs while the server owes us something, and every reply starts it anew. */
  #armWatchdog(): void {
    this.#watchdog?.();
    const owes = this.#client !== undefined && (this.#state.name !== "ready" || this.#pending.size > 0);
    if (!owes) return;
    const timeoutMs = this.#options.requestTimeoutMs ?? DEFAULT_REQUEST_TIMEOUT_MS;
    this.#watchdog = this.#options.after(timeoutMs, () => this.#abortConnection());
  }

  #setState(state: RemoteExportState): void {
    this.#state = state;
    this.#options.onState?.(state);
  }
}

const LOST = {
  finished: "it closed the connection",
  reset: "the connection was reset",
  "timed-out": "it does not answer",
  refused: "nothing listens there",
  aborted: "it did not answer in time",
} as const;

const ERRNO_NAMES = new Map<number, ExportErrorCode>(
  (["EPERM", "EIO", "EINVAL", "ENOSPC", "ESHUTDOWN"] as const).map((code) => [NbdError[code], code]),
);

function errorOf(error: number, name: string, server: string): ExportError | undefined {
  if (error === 0) return undefined;
  const code = ERRNO_NAMES.get(error) ?? "EIO";
  return new ExportError(code, `${server} answered ${code} for the export "${name}".`);
}
