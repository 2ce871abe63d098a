import { ExportHub } from "../../net/export/hub.ts";
import { parseNearFrame } from "../../net/near/near-frames.ts";
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
  /** Takes a frame that was held, and is not for us, to the wire. */
  readonly toWire: FrameSink;
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
/**
 * For how long a guest that opens its connection waits to be told where: one that was restored does that at once. Less than
 * the time after which it would repeat its SYN a second time.
 */
const PATIENCE_MS = 2500;

/** The gateway of the relay's exports in the tab, where the relay offers that. Everything else goes over the wire. */
export class Near {
  readonly #options: NearOptions;
  readonly #abort = new AbortController();
  #cancelRetry: (() => void) | undefined;
  #cancelPatience: (() => void) | undefined;
  /** Whether it is not known yet where the guest's connections go. */
  #undecided = false;
  /** The SYN that waits for that: one, and the newest. */
  #held: Uint8Array | undefined;
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
    if (url === undefined) return;
    this.#undecided = true;
    this.#cancelPatience = this.#options.platform.after(PATIENCE_MS, () => this.#decide());
    void this.#ask(url);
  }

  /** Takes a frame from the guest; false when it is to go over the wire. */
  take(frame: Uint8Array): boolean {
    if (this.#undecided && parseNearFrame(frame)?.opens === true) {
      this.#held = frame;
      return true;
    }
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
    this.#cancelPatience?.();
    this.#gateway?.close();
    await Promise.all(this.#exports.map((each) => each.close()));
  }

  async #ask(url: URL): Promise<void> {
    const { platform } = this.#options;
    const { signal } = this.#abort;
    const result = await platform.fetchFile(url.href, { signal, progress: () => {} });
    if (signal.aborted) return;
    const offer = result.ok ? parseOffer(new TextDecoder().decode(result.bytes)) : undefined;
    if (offer?.complete === true) this.#begin(url, offer);
    if (this.#named().length === 0) this.#decide();
    if (offer?.complete === false)
      this.#cancelRetry = platform.after(OFFER_RETRY_MS, () => void this.#ask(url));
  }

  #decide(): void {
    if (!this.#undecided) return;
    this.#undecided = false;
    this.#cancelPatience?.();
    const held = this.#held;
    this.#held = undefined;
    if (held !== undefined && !this.take(held)) this.#options.toWire(held);
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
    // Open, or not to be had.
    if (this.#everOpen || states.some((state) => state !== "idle")) this.#decide();
    const state = this.#everOpen ? (states.includes("lost") ? "lost" : "near") : "wire";
    if (state === this.#state) return;
    this.#state = state;
    this.#options.changed(state);
  }
}

/** Where the relay of this wire offers its exports. Other relays have other paths, and no such thing. */
export function exportsUrl(wireUrl: string): URL | undefined {
  if (!URL.canParse(wireUrl)) return undefined;
  const url = new URL(wireUrl);
  if (!url.pathname.endsWith("/wire")) return undefined;
  url.protocol = url.protocol === "wss:" ? "https:" : "http:";
  url.pathname = url.pathname.replace(/wire$/, "exports");
  url.search = "";
  url.hash = "";
  return url;
}
