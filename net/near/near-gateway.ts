import type { After, Clock, RandomBytes } from "../clock.ts";
import { type Drive, drive } from "../drive.ts";
import { ETHERNET_HEADER_BYTES, etherType, writeEthernetHeader } from "../ethernet/ethernet.ts";
import type { MacAddress } from "../ethernet/mac.ts";
import { Gateway } from "../gateway/gateway.ts";
import type { Ipv4Address } from "../ipv4/address.ts";
import { IPV4_HEADER_BYTES, writeIpv4Header } from "../ipv4/packet.ts";
import { NBD_PORT } from "../nbd/constants.ts";
import type { ExportTable } from "../nbd/options.ts";
import { NbdSession, newSessionCounters, type SessionCounters } from "../nbd/session.ts";
import type { FrameSink } from "../segment/frame.ts";
import { wakeOnUse } from "../stream/wake-on-use.ts";
import type { TcpCounters } from "../tcp/counters.ts";
import { parseNearFrame } from "./near-frames.ts";

export interface NearGatewayOptions {
  /** The boot server's address. */
  readonly server: Ipv4Address;
  /** Largest IPv4 packet of the guest's segment, in bytes. */
  readonly mtu: number;
  readonly exports: ExportTable;
  readonly clock: Clock;
  readonly after: After;
  readonly random: RandomBytes;
  /** Takes our frames to the guest. */
  readonly transmit: FrameSink;
  /** Whether a connection that the guest opens now is ours. Those that are not stay on the wire to their end. */
  readonly accepts: () => boolean;
}

export interface NearCounters {
  framesIn: number;
  framesOut: number;
  bytesIn: number;
  bytesOut: number;
}

/** Connections that are remembered as ours. The oldest is forgotten: the relay resets what is left of it. */
const MAX_FLOWS = 64;
/** There is no network between us and the guest that could be congested: only its window counts. */
const INITIAL_WINDOW_SEGMENTS = 1024;

/**
 * The relay's gateway for its exports, in the tab: the guest's TCP connections to the boot server's NBD port end here. The
 * addresses of the frames are the guest's own: it has them from the relay.
 */
export class NearGateway {
  readonly counters: NearCounters = { framesIn: 0, framesOut: 0, bytesIn: 0, bytesOut: 0 };
  readonly sessions: SessionCounters = newSessionCounters();
  readonly #options: NearGatewayOptions;
  readonly #gateway: Gateway;
  readonly #drive: Drive;
  /** Guest ports, by address: 48 bits fit a number. */
  readonly #flows = new Set<number>();
  #guestMac: MacAddress = 0;
  #serverMac: MacAddress = 0;
  #identification = 0;

  constructor(options: NearGatewayOptions) {
    this.#options = options;
    const { clock, random, server, mtu, exports } = options;
    const wake = () => this.#drive.wake();
    this.#gateway = new Gateway({
      output: {
        address: server,
        mtu,
        send: (protocol, destination, length, fill) => this.#send(protocol, destination, length, fill),
      },
      clock,
      random,
      settings: { initialWindowSegments: INITIAL_WINDOW_SEGMENTS },
      services: [
        {
          port: NBD_PORT,
          service: (stream) => new NbdSession(wakeOnUse(stream, wake), exports, this.sessions),
        },
      ],
    });
    this.#drive = drive(this.#gateway, clock, options.after);
  }

  get tcp(): Readonly<TcpCounters> {
    return this.#gateway.counters;
  }

  /** Takes a frame from the guest; false when it is not for us. The frame is immutable: it may be kept. */
  take(frame: Uint8Array): boolean {
    const near = parseNearFrame(frame, this.#options.server);
    if (near === undefined) return false;
    const flow = near.guest * 65536 + near.guestPort;
    if (near.opens && !this.#flows.has(flow)) {
      if (!this.#options.accepts()) return false;
      this.#flows.add(flow);
      if (this.#flows.size > MAX_FLOWS) this.#flows.delete(this.#flows.values().next().value!);
    } else if (!this.#flows.has(flow)) {
      return false;
    }
    this.#guestMac = near.guestMac;
    this.#serverMac = near.serverMac;
    this.counters.framesIn += 1;
    this.counters.bytesIn += frame.length;
    this.#gateway.receive(near.guest, near.segment);
    this.#drive.wake();
    return true;
  }

  /** Resets every connection and stops. */
  close(): void {
    this.#gateway.close();
    this.#drive.close();
    this.#flows.clear();
  }

  #send(
    protocol: number,
    destination: Ipv4Address,
    length: number,
    fill: (frame: Uint8Array, offset: number) => void,
  ): void {
    const frame = new Uint8Array(ETHERNET_HEADER_BYTES + IPV4_HEADER_BYTES + length);
    writeEthernetHeader(frame, this.#guestMac, this.#serverMac, etherType.ipv4);
    this.#identification = (this.#identification + 1) & 0xffff;
    writeIpv4Header(frame, ETHERNET_HEADER_BYTES, {
      source: this.#options.server,
      destination,
      protocol,
      payloadLength: length,
      identification: this.#identification,
    });
    fill(frame, ETHERNET_HEADER_BYTES + IPV4_HEADER_BYTES);
    this.counters.framesOut += 1;
    this.counters.bytesOut += frame.length;
    this.#options.transmit(frame);
  }
}
