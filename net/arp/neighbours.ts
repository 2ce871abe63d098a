import type { Clock, Timed } from "../clock.ts";
import type { MacAddress } from "../ethernet/mac.ts";
import type { Ipv4Address } from "../ipv4/address.ts";

/** RFC 1122 section 2.3.2.1: entries are flushed after a while, here after this long without a sign of life. */
const FORGET_AFTER_MS = 10 * 60_000;
/** RFC 1122 section 2.3.2.1: never more than one request a second for the same address. */
const RETRY_AFTER_MS = 1_000;
const MOST_REQUESTS = 3;

export interface NeighbourOptions {
  readonly clock: Clock;
  /** Asks for an address, by broadcast. */
  readonly request: (address: Ipv4Address) => void;
  /** Sends a frame that waited, now that the address is known. */
  readonly resolved: (frame: Uint8Array, mac: MacAddress) => void;
  /** How many neighbours are remembered; policy: the one learned first is forgotten. */
  readonly capacity?: number;
  /** How many addresses may be asked for at a time; policy: the new frame is dropped. */
  readonly pendingAddresses?: number;
  /** How many frames wait for each; policy: drop-oldest. */
  readonly pendingFrames?: number;
}

export interface NeighbourCounters {
  requestsSent: number;
  /** Neighbours forgotten because the table was full. */
  evicted: number;
  /** Frames dropped because a pending queue was full. */
  pendingDropped: number;
  /** Frames dropped because nobody answered. */
  unresolvedDropped: number;
}

interface Neighbour {
  mac: MacAddress;
  seenAtMs: number;
}

interface Pending {
  readonly frames: Uint8Array[];
  requests: number;
  retryAtMs: number;
}

/** Who has which address on the segment, and the frames that wait for an answer. */
export class NeighbourTable implements Timed {
  readonly counters: NeighbourCounters = {
    requestsSent: 0,
    evicted: 0,
    pendingDropped: 0,
    unresolvedDropped: 0,
  };
  readonly #options: Required<NeighbourOptions>;
  readonly #neighbours = new Map<Ipv4Address, Neighbour>();
  readonly #pending = new Map<Ipv4Address, Pending>();

  constructor(options: NeighbourOptions) {
    this.#options = { capacity: 1024, pendingAddresses: 64, pendingFrames: 32, ...options };
  }

  lookup(address: Ipv4Address): MacAddress | undefined {
    const neighbour = this.#neighbours.get(address);
    if (neighbour === undefined) return undefined;
    if (this.#options.clock.now() - neighbour.seenAtMs <= FORGET_AFTER_MS) return neighbour.mac;
    this.#neighbours.delete(address);
    return undefined;
  }

  /** Notes that `address` was seen at `mac`, and lets go of what waited for it. */
  learn(address: Ipv4Address, mac: MacAddress): void {
    const neighbour = this.#neighbours.get(address);
    if (neighbour !== undefined) {
      neighbour.mac = mac;
      neighbour.seenAtMs = this.#options.clock.now();
      return;
    }
    if (this.#neighbours.size >= this.#options.capacity) {
      const [oldest] = this.#neighbours.keys();
      this.#neighbours.delete(oldest!);
      this.counters.evicted++;
    }
    this.#neighbours.set(address, { mac, seenAtMs: this.#options.clock.now() });
    const pending = this.#pending.get(address);
    if (pending === undefined) return;
    this.#pending.delete(address);
    for (const frame of pending.frames) this.#options.resolved(frame, mac);
  }

  /** Keeps a frame for an address that `lookup` does not know, and asks for it. */
  hold(address: Ipv4Address, frame: Uint8Array): void {
    let pending = this.#pending.get(address);
    if (pending === undefined) {
      if (this.#pending.size >= this.#options.pendingAddresses) {
        this.counters.pendingDropped++;
        return;
      }
      pending = { frames: [], requests: 0, retryAtMs: 0 };
      this.#pending.set(address, pending);
      this.#request(address, pending);
    }
    if (pending.frames.length >= this.#options.pendingFrames) {
      pending.frames.shift();
      this.counters.pendingDropped++;
    }
    pending.frames.push(frame);
  }

  deadline(): number {
    let earliest = Number.POSITIVE_INFINITY;
    for (const { retryAtMs } of this.#pending.values()) earliest = Math.min(earliest, retryAtMs);
    return earliest;
  }

  advance(nowMs: number): void {
    for (const [address, pending] of this.#pending) {
      if (pending.retryAtMs > nowMs) continue;
      if (pending.requests < MOST_REQUESTS) {
        this.#request(address, pending);
      } else {
        this.#pending.delete(address);
        this.counters.unresolvedDropped += pending.frames.length;
      }
    }
  }

  #request(address: Ipv4Address, pending: Pending): void {
    pending.requests++;
    pending.retryAtMs = this.#options.clock.now() + RETRY_AFTER_MS;
    this.counters.requestsSent++;
    this.#options.request(address);
  }
}
