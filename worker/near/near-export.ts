import { type Export, ExportError } from "../../net/export/export.ts";
import { RemoteExport } from "../../net/nbd/remote-export.ts";
import { CachedExport } from "../../net/near/cached-export.ts";
import {
  AHEAD_QUERY,
  MAX_REPORTED_BLOCKS,
  type OfferedExport,
  serializeTraceReport,
} from "../../net/near/offer.ts";
import type { Platform } from "../platform.ts";
import { dialSocket, type SocketStream } from "./socket-stream.ts";

export interface NearExportOptions {
  /** `ws://HOST:PORT/exports` */
  readonly url: string;
  readonly offered: OfferedExport;
  readonly platform: Pick<Platform, "openSocket" | "after" | "random" | "clock">;
  /** The connection came or went. */
  readonly changed: () => void;
}

/** `idle`: nothing was read yet. `failed`: reads are refused, see `failure`. */
export type NearExportState = "idle" | "open" | "lost" | "failed";

/** How soon the relay is told what the guest asked for. */
const REPORT_MS = 1000;

/** One export of the relay, read over WebSockets: what the guest waits for on one, what it will ask for on another. */
export class NearExport implements Export {
  readonly name: string;
  readonly sizeBytes: number;
  readonly readOnly: boolean;
  readonly description = "the relay's export, in the tab";
  readonly write?: NonNullable<Export["write"]>;
  readonly flush?: NonNullable<Export["flush"]>;
  readonly cache: CachedExport | undefined;
  readonly #options: NearExportOptions;
  #remote: RemoteExport | undefined;
  #ahead: RemoteExport | undefined;
  #stream: SocketStream | undefined;
  #state: NearExportState = "idle";
  #failure: string | undefined;
  #tracing = true;
  #closed = false;
  #asked: number[] = [];
  #cancelReport: (() => void) | undefined;

  constructor(options: NearExportOptions) {
    const { name, sizeBytes, readOnly } = options.offered;
    this.#options = options;
    this.name = name;
    this.sizeBytes = sizeBytes;
    this.readOnly = readOnly;
    if (readOnly) {
      this.cache = new CachedExport({
        back: { ...this.#facts(), read: async (offset, length) => this.#connected().read(offset, length) },
        ahead: { read: async (offset, length) => this.#aheadConnected().read(offset, length) },
        sizeBytes,
        clock: options.platform.clock,
        asked: (block) => this.#note(block),
      });
    } else {
      // Others write to it as well: nothing of it is kept.
      this.write = async (offset, bytes) => (await this.#opened()).write(offset, bytes);
      this.flush = async () => (await this.#opened()).flush();
    }
  }

  get state(): NearExportState {
    return this.#state;
  }

  /** Why reads are refused, as a sentence. */
  get failure(): string | undefined {
    return this.#failure;
  }

  read(offset: number, length: number): Promise<Uint8Array> {
    return this.cache?.read(offset, length) ?? this.#readThrough(offset, length);
  }

  async #readThrough(offset: number, length: number): Promise<Uint8Array> {
    return this.#connected().read(offset, length);
  }

  /** Connects, so that it is known whether it can be. */
  open(): void {
    this.#connected();
  }

  /** Has what earlier boots asked for ready before this one asks. */
  prefetch(): void {
    this.cache?.follow(this.#options.offered.trace);
  }

  /** The boot is over: what is asked for from now on is no part of it. */
  endTrace(): void {
    this.#report();
    this.#tracing = false;
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.endTrace();
    this.#cancelReport?.();
    this.cache?.clear();
    await Promise.all([this.#remote?.close(), this.#ahead?.close()]);
  }

  #facts() {
    const { name, sizeBytes, readOnly, description } = this;
    return { name, sizeBytes, readOnly, description };
  }

  #connected(): RemoteExport {
    this.#remote ??= this.#connect(this.#options.url, (state, failure) => {
      this.#state = state;
      this.#failure = failure;
      this.#options.changed();
    });
    return this.#remote;
  }

  /** Before its first connection a remote export does not know whether it may be written to. */
  async #opened(): Promise<RemoteExport> {
    const remote = this.#connected();
    await remote.opened;
    return remote;
  }

  #aheadConnected(): RemoteExport {
    this.#ahead ??= this.#connect(`${this.#options.url}?${AHEAD_QUERY}`, () => {});
    return this.#ahead;
  }

  #connect(url: string, changed: (state: NearExportState, failure?: string) => void): RemoteExport {
    if (this.#closed) throw new ExportError("ESHUTDOWN", `The export "${this.name}" was closed.`);
    const { offered, platform } = this.#options;
    const { openSocket, after, random, clock } = platform;
    return new RemoteExport({
      dial: (handler) => {
        const stream = dialSocket(openSocket, url, handler);
        if (url === this.#options.url) this.#stream = stream;
        return stream;
      },
      after,
      nowMs: () => clock.now(),
      random,
      server: "The relay",
      description: this.description,
      remoteName: offered.name,
      name: offered.name,
      readOnly: offered.readOnly,
      sizeBytes: offered.sizeBytes,
      sizeAdvice: "power on again to use the new image.",
      // It is waited for as long as the wire is.
      openTimeoutMs: Number.POSITIVE_INFINITY,
      onState: (state) => {
        if (state.name === "ready") changed("open");
        else if (state.name === "reconnecting") changed("lost");
        else if (state.name === "failed") changed("failed", state.lastError);
      },
    });
  }

  #note(block: number): void {
    if (!this.#tracing) return;
    this.#asked.push(block);
    if (this.#asked.length >= MAX_REPORTED_BLOCKS) this.#report();
    this.#cancelReport ??= this.#options.platform.after(REPORT_MS, () => {
      this.#cancelReport = undefined;
      this.#report();
    });
  }

  #report(): void {
    const blocks = this.#asked;
    this.#asked = [];
    if (blocks.length > 0) this.#stream?.say(serializeTraceReport({ name: this.name, blocks }));
  }
}
