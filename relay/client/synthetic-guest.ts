import { randomBytes } from "node:crypto";
import { type MacAddress, readMac } from "../../net/ethernet/mac.ts";
import type { FrameSink } from "../../net/segment/frame.ts";
import { acquireLease, type GuestLease } from "./guest-dhcp.ts";
import { type GuestLink, openGuestLink } from "./guest-link.ts";
import { GuestStation } from "./guest-station.ts";

export interface GuestOptions {
  /** `ws://HOST:PORT/wire`. */
  readonly url: string;
  /** With the subprotocol `netroot-batch.v1`, or one frame a message. */
  readonly batch?: boolean;
  /** Takes large segments as well, with `netroot-batch.v2`. */
  readonly large?: boolean;
  readonly mtu?: number;
  /** Its card's address; one that nobody had before unless given. */
  readonly mac?: MacAddress;
  /** Sees every frame that arrives, before the guest does. */
  readonly observe?: FrameSink;
}

/**
 * What a diskless machine does on the wire, without the machine: DHCP, ARP, ping, TCP connections. It is made of `net/`
 * only, speaks to a relay through a real WebSocket, and is there for tests and benchmarks.
 */
export class SyntheticGuest {
  readonly mac: number;
  readonly link: GuestLink;
  readonly #mtu: number;
  readonly #listeners = new Set<(frame: Uint8Array) => void>();
  #station: GuestStation | undefined;

  private constructor(link: GuestLink, mac: number, mtu: number) {
    this.link = link;
    this.mac = mac;
    this.#mtu = mtu;
  }

  static async connect(options: GuestOptions): Promise<SyntheticGuest> {
    const { url, batch = true, large = false, mtu = 1500, mac = randomMac(), observe } = options;
    const early: Uint8Array[] = [];
    let guest: SyntheticGuest | undefined;
    const link = await openGuestLink(url, {
      batch,
      large,
      mtu,
      receive: (frame) => {
        observe?.(frame);
        if (guest === undefined) early.push(frame);
        else guest.#receive(frame);
      },
    });
    guest = new SyntheticGuest(link, mac, mtu);
    for (const frame of early) guest.#receive(frame);
    return guest;
  }

  /** Asks for a lease and takes the address; everything below needs it. Rejects after `timeoutMs` without an answer. */
  async acquire(timeoutMs = 10_000): Promise<GuestLease> {
    const transactionId = randomBytes(4).readUInt32BE();
    const lease = await acquireLease(this.mac, transactionId, (frame, answer) => {
      const answered = this.#next(answer, timeoutMs, "a DHCP answer");
      this.link.send(frame);
      return answered;
    });
    this.#station?.close();
    this.#station = new GuestStation(lease, {
      mac: this.mac,
      mtu: this.#mtu,
      transmit: (frame) => this.link.send(frame),
    });
    return lease;
  }

  /** The guest's own IP stack. Throws before `acquire`. */
  get station(): GuestStation {
    if (this.#station === undefined) throw new Error("the guest has no address yet: call acquire first");
    return this.#station;
  }

  /** Resolves with what `match` makes of the first frame that it does not call undefined. */
  #next<T>(match: (frame: Uint8Array) => T | undefined, timeoutMs: number, what: string): Promise<T> {
    return new Promise((resolve, reject) => {
      const done = () => {
        clearTimeout(timer);
        this.#listeners.delete(listen);
      };
      const timer = setTimeout(() => {
        done();
        reject(new Error(`the guest waited ${timeoutMs} ms for ${what}`));
      }, timeoutMs);
      const listen = (frame: Uint8Array) => {
        const found = match(frame);
        if (found === undefined) return;
        done();
        resolve(found);
      };
      this.#listeners.add(listen);
    });
  }

  async close(): Promise<void> {
    this.#station?.close();
    await this.link.close();
  }

  #receive(frame: Uint8Array): void {
    for (const listen of this.#listeners) listen(frame);
    this.#station?.receive(frame);
  }
}

function randomMac(): number {
  const octets = randomBytes(6);
  octets[0] = (octets[0]! & 0xfc) | 0x02; // locally administered, one station
  return readMac(octets, 0);
}
