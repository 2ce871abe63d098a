import { randomBytes } from "node:crypto";
import type { RandomBytes } from "../../net/clock.ts";
import type { MacAddress } from "../../net/ethernet/mac.ts";
import { icmpLength, parseIcmp, writeIcmp } from "../../net/icmp/icmp.ts";
import { IcmpService } from "../../net/icmp/service.ts";
import { type Ipv4Address, netmask } from "../../net/ipv4/address.ts";
import { type Ipv4Arrival, Ipv4Interface } from "../../net/ipv4/interface.ts";
import { ipProtocol } from "../../net/ipv4/packet.ts";
import type { FrameSink } from "../../net/segment/frame.ts";
import type { ByteStream, ByteStreamHandler, StreamPeer } from "../../net/stream/stream.ts";
import { wakeOnUse } from "../../net/stream/wake-on-use.ts";
import { TcpEndpoint } from "../../net/tcp/endpoint.ts";
import { type Drive, drive, monotonicClock } from "../drive.ts";
import type { GuestLease } from "./guest-dhcp.ts";

/** A guest's IP stack once it has its lease: ARP, ping and TCP, all from `net/`. */
export class GuestStation {
  readonly interface: Ipv4Interface;
  readonly #icmp: IcmpService;
  readonly #pings = new Map<number, (data: Uint8Array) => void>();
  readonly tcp: TcpEndpoint;
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
    this.#icmp = new IcmpService(this.interface, monotonicClock);
    this.tcp = new TcpEndpoint({ output: this.interface, clock: monotonicClock, random });
    this.#drive = drive(
      {
        deadline: () => Math.min(this.interface.deadline(), this.tcp.deadline()),
        advance: (nowMs) => {
          this.interface.advance(nowMs);
          this.tcp.advance(nowMs);
        },
      },
      monotonicClock,
    );
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

  /** Opens a TCP connection. Throws a `TcpError` when there are too many. */
  connect(peer: StreamPeer, handler: ByteStreamHandler): ByteStream {
    const stream = wakeOnUse(this.tcp.connect(peer, handler), () => this.#drive.wake());
    this.#drive.wake();
    return stream;
  }

  /** Resets what is open, like a machine whose power is cut off in an orderly network. */
  close(): void {
    this.tcp.close();
    this.#drive.close();
  }

  #arrive(arrival: Ipv4Arrival): void {
    const { packet } = arrival;
    if (packet.protocol === ipProtocol.tcp) this.tcp.receive(packet.source, packet.payload);
    if (packet.protocol !== ipProtocol.icmp) return;
    const message = parseIcmp(packet.payload);
    if (message.kind !== "echo-reply") {
      this.#icmp.receive(arrival);
      return;
    }
    this.#pings.get(message.sequence)?.(message.data);
    this.#pings.delete(message.sequence);
  }
}

function prefixOf(mask: number): number {
  return 32 - Math.log2(2 ** 32 - mask);
}

const random: RandomBytes = (length) => new Uint8Array(randomBytes(length));
