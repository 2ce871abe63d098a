import { type Export, ExportError, type ExportErrorCode } from "../../net/export/export.ts";
import { type ClientEnd, type ExportInfo, NbdClient } from "../../net/nbd/client.ts";
import { NbdError } from "../../net/nbd/constants.ts";
import { formatTarget, parseNbdUrl } from "./nbd-url.ts";
import { PendingRequests } from "./pending-requests.ts";
import { dialTcp } from "./socket-stream.ts";

export interface NbdExportOptions {
  /** `nbd://host:port/name` or `nbd+unix:///name?socket=PATH`. */
  readonly url: string;
  /** The name under which guests see it. */
  readonly name: string;
  readonly readOnly: boolean;
  /** Told of every change of state, in words. */
  readonly onState?: (state: NbdExportState) => void;
  /** A server that does not answer for this long is taken for hung, and the connection is made anew. */
  readonly requestTimeoutMs?: number;
  /** How long the first connection may take before it counts as failed; `Infinity` for as long as it takes. */
  readonly openTimeoutMs?: number;
  /** How many requests may be without an answer; further ones are refused with EIO. */
  readonly maxRequests?: number;
  /** "NBD server at HOST:PORT" unless given. */
  readonly description?: string;
}

export type NbdExportState =
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
/** How long a server that we said good-bye to may take to close the connection. */
const GOODBYE_MS = 1_000;

/** Connects to a real NBD server. Rejects with an `ExportError` whose message says what is wrong and with which server. */
export async function openNbdExport(options: NbdExportOptions): Promise<NbdExport> {
  const back = new NbdExport(options);
  await back.opened;
  return back;
}

/**
 * An export on a real NBD server. When the connection is lost it is made again, for as long as it takes, and what was
 * under way is repeated: to the guest it is a pause. A server that comes back with another size is refused.
 *
 * Repeating is harmless: reads and flushes by nature, writes because one that overlaps another waits for it. What nobody
 * can mend: a server that answered a write and lost it, before the flush, with its machine.
 */
export class NbdExport implements Export {
  readonly name: string;
  readonly description: string;
  /** Settles with the first connection. */
  readonly opened: Promise<void>;
  #state: NbdExportState = { name: "connecting" };
  readonly #options: NbdExportOptions;
  readonly #server: string;
  readonly #pending: PendingRequests;
  #info: ExportInfo | undefined;
  #client: NbdClient | undefined;
  #abortConnection: () => void = () => {};
  #retryTimer: NodeJS.Timeout | undefined;
  #watchdog: NodeJS.Timeout | undefined;
  #openTimer: NodeJS.Timeout | undefined;
  #reconnects = 0;
  /** Since a server last answered something. */
  #attempts = 0;
  #hungUp: () => void = () => {};

  constructor(options: NbdExportOptions) {
    const { target, exportName } = parseNbdUrl(options.url);
    this.name = options.name;
    this.#options = options;
    this.#server = formatTarget(target);
    this.description = options.description ?? `NBD server at ${this.#server}`;
    this.#pending = new PendingRequests(options.maxRequests ?? DEFAULT_MAX_REQUESTS);
    this.opened = new Promise((resolve, reject) => {
      const timeoutMs = options.openTimeoutMs ?? DEFAULT_OPEN_TIMEOUT_MS;
      const giveUp = () => {
        const lastError = "lastError" in this.#state ? this.#state.lastError : "it does not answer";
        this.#fail(`The NBD server at ${this.#server} can not be used: ${lastError}.`);
      };
      if (timeoutMs !== Number.POSITIVE_INFINITY) this.#openTimer = setTimeout(giveUp, timeoutMs);
      this.#onOpen = resolve;
      this.#onFail = (message) => reject(new ExportError("ESHUTDOWN", message));
    });
    // Whoever waits for it hears of a rejection; whoever does not reads the state.
    this.opened.catch(() => {});
    this.#connect(target, exportName);
  }

  #onOpen: () => void = () => {};
  #onFail: (message: string) => void = () => {};

  get state(): NbdExportState {
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
    return this.#info?.sizeBytes ?? 0;
  }
  get readOnly(): boolean {
    return this.#options.readOnly || (this.#info?.readOnly ?? true);
  }

  read(offset: number, length: number): Promise<Uint8Array> {
    return length === 0 ? Promise.resolve(new Uint8Array(0)) : this.#submit({ kind: "read", offset, length });
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
    const patience = setTimeout(() => this.#abortConnection(), GOODBYE_MS);
    await hungUp;
    clearTimeout(patience);
  }

  #submit(request: Parameters<PendingRequests["add"]>[0]): Promise<Uint8Array> {
    if (this.#state.name === "failed" || this.#state.name === "closed") {
      const why = this.#state.name === "failed" ? this.#state.lastError : "It was closed.";
      return Promise.reject(new ExportError("ESHUTDOWN", why));
    }
    const answer = this.#pending.add(request);
    this.#armWatchdog();
    return answer;
  }

  #connect(target: Parameters<typeof dialTcp>[0], exportName: string): void {
    const client = new NbdClient(exportName, {
      ready: (info) => this.#ready(info, client),
      reply: (cookie, error, data) => this.#reply(cookie, error, data),
      ended: (end) => this.#ended(end, client, () => this.#connect(target, exportName)),
    });
    this.#client = client;
    const stream = dialTcp(target, client);
    client.attach(stream);
    this.#abortConnection = () => stream.abort();
    this.#armWatchdog();
  }

  #ready(info: ExportInfo, client: NbdClient): void {
    if (this.#info !== undefined && this.#info.sizeBytes !== info.sizeBytes) {
      this.#fail(
        `The export "${this.name}" changed its size from ${this.#info.sizeBytes} to ${info.sizeBytes} bytes while its ` +
          "server was away. It is not served any more; start the relay again to use the new image.",
      );
      client.disconnect();
      return;
    }
    if (this.#info !== undefined) this.#reconnects += 1;
    this.#info = info;
    clearTimeout(this.#openTimer);
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
    this.#pending.settle(cookie, errorOf(error, this.name, this.#server), data);
    this.#armWatchdog();
  }

  #ended(end: ClientEnd, client: NbdClient, again: () => void): void {
    if (client !== this.#client) return;
    this.#client = undefined;
    this.#pending.detach();
    clearTimeout(this.#watchdog);
    this.#hungUp();
    if (this.#state.name === "failed" || this.#state.name === "closed") return;
    const lastError = end.kind === "lost" ? LOST[end.reason] : end.message;
    if (this.#info === undefined && end.kind !== "lost") {
      this.#fail(`The NBD server at ${this.#server} can not be used: ${lastError}.`);
      return;
    }
    this.#attempts += 1;
    const sinceMs = this.#state.name === "reconnecting" ? this.#state.sinceMs : Date.now();
    this.#setState({ name: "reconnecting", sinceMs, attempts: this.#attempts, lastError });
    const longest = Math.min(LONGEST_RETRY_MS, FIRST_RETRY_MS * 2 ** (this.#attempts - 1));
    this.#retryTimer = setTimeout(again, longest * (0.5 + Math.random() / 2));
  }

  #fail(message: string): void {
    this.#setState({ name: "failed", lastError: message });
    this.#abortConnection();
    this.#settle(message);
  }

  #settle(message: string): void {
    clearTimeout(this.#openTimer);
    clearTimeout(this.#retryTimer);
    clearTimeout(this.#watchdog);
    this.#onFail(message);
    this.#pending.failAll(new ExportError("ESHUTDOWN", message));
  }

  /** One timer for the connection: it runs while the server owes us something, and every reply starts it anew. */
  #armWatchdog(): void {
    clearTimeout(this.#watchdog);
    const owes = this.#client !== undefined && (this.#state.name !== "ready" || this.#pending.size > 0);
    if (!owes) return;
    const timeoutMs = this.#options.requestTimeoutMs ?? DEFAULT_REQUEST_TIMEOUT_MS;
    this.#watchdog = setTimeout(() => this.#abortConnection(), timeoutMs);
  }

  #setState(state: NbdExportState): void {
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
  return new ExportError(code, `The server at ${server} answered ${code} for the export "${name}".`);
}
