import { randomBytes } from "node:crypto";
import type { RandomBytes } from "../../net/clock.ts";
import type { MacAddress } from "../../net/ethernet/mac.ts";
import { icmpLength, parseIcmp, writeIcmp } from "../../net/icmp/icmp.ts";
import { type Ipv4Address, netmask } from "../../net/ipv4/address.ts";
import { type Ipv4Arrival, Ipv4Interface } from "../../net/ipv4/interface.ts";
import { ipProtocol } from "../../net/ipv4/packet.ts";
import type { FrameSink } from "../../net/segment/frame.ts";
import { type Drive, drive, monotonicClock } from "../drive.ts";
import type { GuestLease } from "./guest-dhcp.ts";

/** A guest's IP stack once it has its lease: ARP, ping and TCP, all from `net/`. */
export class GuestStation {
  readonly interface: Ipv4Interface;
  readonly #pings = new Map<number, (data: Uint8Array) => void>();
  readonly #drive: Drive;
  #sequence = 0;

  constructor(lease: GuestLease, options: { mac: MacAddress; mtu: number; transmit: FrameSink }) {
    this.interface = new Ipv4Interface({
      mac: options.mac,
      address: lease.address,
      prefixLength: prefixOf(lease.options.subnetMask ?? netmask(24)),
      mtu: options.mtu,
      clock: monotonicClock,
      random,
      transmit: options.transmit,
      receive: (arrival) => this.#arrive(arrival),
      unroutable: () => {},
    });
    this.#drive = drive(this.interface, monotonicClock);
  }

  receive(frame: Uint8Array): void {
    this.interface.receive(frame);
    this.#drive.wake();
  }

  /** Resolves with the data that came back. ARP goes before it. */
  ping(address: Ipv4Address, data: Uint8Array): Promise<Uint8Array> {
    const sequence = ++this.#sequence & 0xffff;
    return new Promise((resolve) => {
      this.#pings.set(sequence, resolve);
      const request = { kind: "echo-request", identifier: 1, sequence, data } as const;
      this.interface.send(ipProtocol.icmp, address, icmpLength(request), (frame, at) =>
        writeIcmp(frame, at, request),
      );
      this.#drive.wake();
    });
  }

  close(): void {
    this.#drive.close();
  }

  #arrive({ packet }: Ipv4Arrival): void {
    if (packet.protocol !== ipProtocol.icmp) return;
    const message = parseIcmp(packet.payload);
    if (message.kind !== "echo-reply") return;
    this.#pings.get(message.sequence)?.(message.data);
    this.#pings.delete(message.sequence);
  }
}

function prefixOf(mask: number): number {
  return 32 - Math.log2(2 ** 32 - mask);
}

const random: RandomBytes = (length) => new Uint8Array(randomBytes(length));
