import type { Clock } from "../clock.ts";
import type { MacAddress } from "../ethernet/mac.ts";
import type { Ipv4Address } from "../ipv4/address.ts";

export interface DhcpLease {
  /** Who has it or had it; missing for an address that somebody declined: nobody holds it. */
  readonly mac?: MacAddress;
  readonly address: Ipv4Address;
  readonly state: "offered" | "bound" | "released" | "declined";
  readonly expiresAtMs: number;
}

/** A pool as plain data. Times are what is left of them, so that they hold under another clock. */
export interface LeasePoolState {
  readonly leases: readonly (Omit<DhcpLease, "expiresAtMs"> & { readonly remainingMs: number })[];
}

export interface LeasePoolOptions {
  readonly clock: Clock;
  /** First and last address to lease. */
  readonly first: Ipv4Address;
  readonly last: Ipv4Address;
}

/** The largest pool. */
const MOST_ADDRESSES = 1024;

/**
 * Which client has which address. Clients are told apart by their MAC addresses and not by client identifiers (RFC 2131
 * section 2.1): those are made of what is in an image, and diskless machines share their images; the stages of one machine's
 * boot (firmware, initrd, system) have one each, but one MAC address. A lease that is over is remembered until its address is needed, so a client that comes back
 * gets the address it had. Bounded by the number of addresses; when all are taken, newcomers get none.
 */
export class LeasePool {
  readonly #options: LeasePoolOptions;
  readonly #last: Ipv4Address;
  readonly #byAddress = new Map<Ipv4Address, DhcpLease>();
  readonly #byMac = new Map<MacAddress, DhcpLease>();

  constructor(options: LeasePoolOptions, state?: LeasePoolState) {
    this.#options = options;
    this.#last = Math.min(options.last, options.first + MOST_ADDRESSES - 1);
    const nowMs = options.clock.now();
    for (const { remainingMs, ...lease } of state?.leases ?? []) {
      // What was written out may have been edited meanwhile: never two leases for one client or one address.
      const isTaken = this.#byAddress.has(lease.address) || (lease.mac !== undefined && this.find(lease.mac));
      if (this.contains(lease.address) && !isTaken) {
        this.#put({ ...lease, expiresAtMs: nowMs + remainingMs });
      }
    }
  }

  contains(address: Ipv4Address): boolean {
    return address >= this.#options.first && address <= this.#last;
  }

  /** The lease that a client has or had. */
  find(mac: MacAddress): DhcpLease | undefined {
    return this.#byMac.get(mac);
  }

  /**
   * Picks an address for a client, of those that it may have: its own, the one it would like, one never used, the one unused
   * for longest.
   */
  choose(
    mac: MacAddress,
    wanted: Ipv4Address | undefined,
    mayHave: (address: Ipv4Address) => boolean = () => true,
  ): Ipv4Address | undefined {
    const lease = this.find(mac);
    if (lease !== undefined && mayHave(lease.address)) return lease.address;
    if (wanted !== undefined && this.isFree(wanted) && mayHave(wanted)) return wanted;
    for (let address = this.#options.first; address <= this.#last; address++) {
      if (!this.#byAddress.has(address) && mayHave(address)) return address;
    }
    let oldest: DhcpLease | undefined;
    for (const candidate of this.#byAddress.values()) {
      if (!this.isFree(candidate.address) || !mayHave(candidate.address)) continue;
      if (oldest === undefined || candidate.expiresAtMs < oldest.expiresAtMs) oldest = candidate;
    }
    return oldest?.address;
  }

  isFree(address: Ipv4Address): boolean {
    if (!this.contains(address)) return false;
    const lease = this.#byAddress.get(address);
    return lease === undefined || lease.expiresAtMs <= this.#options.clock.now();
  }

  /** Says whether a client may have this address: it is the client's own, or the client has none and it is free. */
  mayHave(mac: MacAddress, address: Ipv4Address): boolean {
    const lease = this.find(mac);
    return lease === undefined ? this.isFree(address) : lease.address === address;
  }

  /** Gives an address to a client for a time. Whatever lease either of them had is over. */
  grant(mac: MacAddress, address: Ipv4Address, state: "offered" | "bound", durationMs: number): DhcpLease {
    const before = this.find(mac);
    // An offer to somebody who holds a lease must not shorten it.
    const expiresAtMs = this.#options.clock.now() + durationMs;
    const held = before?.address === address && before.state === "bound" && state === "offered";
    const lease: DhcpLease = {
      mac,
      address,
      state: held ? "bound" : state,
      expiresAtMs: held ? Math.max(expiresAtMs, before.expiresAtMs) : expiresAtMs,
    };
    if (before !== undefined) this.#remove(before);
    this.#put(lease);
    return lease;
  }

  /** Ends a client's lease; its address stays remembered. */
  release(lease: DhcpLease): void {
    this.#put({ ...lease, state: "released", expiresAtMs: this.#options.clock.now() });
  }

  /** Keeps an address from everybody for a time: somebody found that it is in use. */
  decline(lease: DhcpLease, durationMs: number): void {
    this.#remove(lease);
    const expiresAtMs = this.#options.clock.now() + durationMs;
    this.#put({ address: lease.address, state: "declined", expiresAtMs });
  }

  leases(): readonly DhcpLease[] {
    return [...this.#byAddress.values()];
  }

  save(): LeasePoolState {
    const nowMs = this.#options.clock.now();
    return {
      leases: this.leases().map(({ expiresAtMs, ...lease }) => ({
        ...lease,
        remainingMs: Math.max(0, expiresAtMs - nowMs),
      })),
    };
  }

  #put(lease: DhcpLease): void {
    const before = this.#byAddress.get(lease.address);
    if (before !== undefined) this.#remove(before);
    this.#byAddress.set(lease.address, lease);
    if (lease.mac !== undefined) this.#byMac.set(lease.mac, lease);
  }

  #remove(lease: DhcpLease): void {
    this.#byAddress.delete(lease.address);
    if (lease.mac !== undefined) this.#byMac.delete(lease.mac);
  }
}
