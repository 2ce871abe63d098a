import { ExportHub } from "../../net/export/hub.ts";
import { type NearCounters, NearGateway } from "../../net/near/near-gateway.ts";
import { type NearOffer, parseOffer } from "../../net/near/offer.ts";
import type { FrameSink } from "../../net/segment/frame.ts";
import type { Platform } from "../platform.ts";
import { NearExport } from "./near-export.ts";

export interface NearOptions {
  /** The relay's `ws://HOST:PORT/wire`. */
  readonly wireUrl: string;
  /** The kernel's command line: it names the export that is read first. */
  readonly append: string;
  readonly mtu: number;
  readonly platform: Platform;
  /** Takes frames to the guest. */
  readonly transmit: FrameSink;
  readonly changed: (state: NearState) => void;
  /** An export is refused from now on; why, as a sentence. */
  readonly failed: (why: string) => void;
}

/**
 * `wire`: the guest's reads go over the wire, because the relay offers nothing else, or not yet. `near`: they end in the tab.
 * `lost`: they would, and wait for a relay that is away.
 */
export type NearState = "wire" | "near" | "lost";

/** What was fetched from the relay for the guest, and ahead of it. */
export interface NearTotals extends NearCounters {
  readonly fetchedBytes: number;
  readonly aheadBytes: number;
}

const OFFER_RETRY_MS = 1000;

/** The gateway of the relay's exports in the tab, where the relay offers that. Everything else goes over the wire. */
export class Near {
  readonly #options: NearOptions;
  readonly #abort = new AbortController();
  #cancelRetry: (() => void) | undefined;
  #gateway: NearGateway | undefined;
  #exports: readonly NearExport[] = [];
  #everOpen = false;
  #wantsPrefetch = false;
  readonly #told = new Set<string>();
  #state: NearState = "wire";

  constructor(options: NearOptions) {
    this.#options = options;
  }

  get state(): NearState {
    return this.#state;
  }

  get totals(): NearTotals {
    const counters = this.#gateway?.counters ?? { framesIn: 0, framesOut: 0, bytesIn: 0, bytesOut: 0 };
    const sum = (of: (each: NearExport) => number | undefined) =>
      this.#exports.reduce((total, each) => total + (of(each) ?? 0), 0);
    return {
      ...counters,
      fetchedBytes: sum(({ cache }) => cache?.counters.fetchedBytes),
      aheadBytes: sum(({ cache }) => cache?.counters.aheadBytes),
    };
  }

  /** Asks the relay what it offers. */
  open(): void {
    const url = exportsUrl(this.#options.wireUrl);
    if (url !== undefined) void this.#ask(url);
  }

  /** Takes a frame from the guest; false when it is to go over the wire. */
  take(frame: Uint8Array): boolean {
    return this.#gateway?.take(frame) ?? false;
  }

  /** Begins to read what the guest will ask for: not before, so that it does not hold up the kernel and the initrd. */
  prefetch(): void {
    this.#wantsPrefetch = true;
    if (this.#everOpen) for (const each of this.#named()) each.prefetch();
  }

  /** The boot is over: what the guest reads from now on is its own business. */
  endTrace(): void {
    for (const each of this.#exports) each.endTrace();
  }

  async close(): Promise<void> {
    this.#abort.abort();
    this.#cancelRetry?.();
    this.#gateway?.close();
    await Promise.all(this.#exports.map((each) => each.close()));
  }

  async #ask(url: URL): Promise<void> {
    const { platform } = this.#options;
    const { signal } = this.#abort;
    const result = await platform.fetchFile(url.href, { signal, progress: () => {} });
    if (signal.aborted || !result.ok) return;
    const offer = parseOffer(new TextDecoder().decode(result.bytes));
    if (offer === undefined) return;
    if (offer.complete) this.#begin(url, offer);
    else this.#cancelRetry = platform.after(OFFER_RETRY_MS, () => void this.#ask(url));
  }

  #begin(url: URL, offer: NearOffer): void {
    const { platform, mtu, transmit } = this.#options;
    const { clock, after, random } = platform;
    const hub = new ExportHub(clock);
    const socketUrl = new URL(url);
    socketUrl.protocol = url.protocol === "https:" ? "wss:" : "ws:";
    this.#exports = offer.exports.map(
      (offered) => new NearExport({ url: socketUrl.href, offered, platform, changed: () => this.#update() }),
    );
    for (const each of this.#exports) hub.add(each);
    this.#gateway = new NearGateway({
      server: offer.server,
      mtu,
      exports: hub,
      clock,
      after,
      random: (length) => Uint8Array.from({ length }, () => Math.floor(random() * 256)),
      transmit,
      accepts: () => this.#everOpen,
    });
    for (const each of this.#named()) each.open();
  }

  /** The exports that the command line names: `root=overlay:nbd=10.86.0.1:kisroot`. */
  #named(): readonly NearExport[] {
    const words = this.#options.append.split(/\s+/);
    return this.#exports.filter(({ name }) =>
      words.some((word) => /[:=]nbd=/.test(word) && word.endsWith(`:${name}`)),
    );
  }

  #update(): void {
    const states = this.#exports.map(({ state }) => state);
    if (!this.#everOpen && this.#named().some(({ state }) => state === "open")) {
      this.#everOpen = true;
      if (this.#wantsPrefetch) this.prefetch();
    }
    if (this.#abort.signal.aborted) return;
    for (const { failure } of this.#exports) {
      if (failure === undefined || this.#told.has(failure)) continue;
      this.#told.add(failure);
      if (this.#everOpen) this.#options.failed(failure);
    }
    const state = this.#everOpen ? (states.includes("lost") ? "lost" : "near") : "wire";
    if (state === this.#state) return;
    this.#state = state;
    this.#options.changed(state);
  }
}

/** Where the relay of this wire offers its exports. Other relays have other paths, and no such thing. */
function exportsUrl(wireUrl: string): URL | undefined {
  if (!URL.canParse(wireUrl)) return undefined;
  const url = new URL(wireUrl);
  if (!url.pathname.endsWith("/wire")) return undefined;
  url.protocol = url.protocol === "wss:" ? "https:" : "http:";
  url.pathname = url.pathname.replace(/wire$/, "exports");
  url.search = "";
  url.hash = "";
  return url;
}
