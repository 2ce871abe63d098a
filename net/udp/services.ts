import { BROADCAST_MAC, type MacAddress } from "../ethernet/mac.ts";
import type { Ipv4Address } from "../ipv4/address.ts";
import type { Ipv4Arrival, Ipv4Interface } from "../ipv4/interface.ts";
import { IPV4_HEADER_BYTES, ipProtocol } from "../ipv4/packet.ts";
import { parseUdp, serializeUdp, UDP_HEADER_BYTES, writeUdpHeader } from "./udp.ts";

/** Of payload: an IPv4 packet holds 65,535 bytes, headers included. */
export const LARGEST_DATAGRAM_BYTES = 65_507;
/** What every Ethernet card takes. */
const ETHERNET_MTU = 1500;

/** Who sent a datagram. */
export interface UdpPeer {
  /** 0 while the sender has no address yet. */
  readonly address: Ipv4Address;
  readonly port: number;
  readonly mac: MacAddress;
  /** The datagram was sent to everyone. */
  readonly broadcast: boolean;
}

/** Takes the datagrams of one port. The payload is immutable: it may be kept. */
export type UdpService = (payload: Uint8Array, peer: UdpPeer) => void;

export interface UdpDestination {
  readonly address: Ipv4Address;
  readonly port: number;
  /** For a station that does not answer to its address yet; looked up when not given. */
  readonly mac?: MacAddress;
}

export interface UdpCounters {
  receivedDatagrams: number;
  sentDatagrams: number;
  malformed: number;
  /** To a port where nothing listens. */
  unknownPort: number;
}

/** The UDP ports of a station. */
export class UdpServices {
  readonly counters: UdpCounters = { receivedDatagrams: 0, sentDatagrams: 0, malformed: 0, unknownPort: 0 };
  readonly #output: Ipv4Interface;
  readonly #services = new Map<number, UdpService>();

  constructor(output: Ipv4Interface) {
    this.#output = output;
  }

  /** Largest payload in bytes. */
  get payloadLimit(): number {
    return this.#output.mtu - IPV4_HEADER_BYTES - UDP_HEADER_BYTES;
  }

  /** Listens on a port; the function returned stops that. Throws when the port is taken: that is our own mistake. */
  bind(port: number, service: UdpService): () => void {
    if (this.#services.has(port)) throw new Error(`UDP port ${port} already has a service.`);
    this.#services.set(port, service);
    return () => {
      if (this.#services.get(port) === service) this.#services.delete(port);
    };
  }

  isBound(port: number): boolean {
    return this.#services.has(port);
  }

  /** Sends a datagram. Throws a RangeError when the payload is above `payloadLimit`. */
  send(sourcePort: number, destination: UdpDestination, payload: Uint8Array): void {
    const fill = (frame: Uint8Array, offset: number) => {
      frame.set(payload, offset + UDP_HEADER_BYTES);
      const ports = { sourcePort, destinationPort: destination.port };
      writeUdpHeader(frame, offset, ports, payload.length, this.#output.address, destination.address);
    };
    this.counters.sentDatagrams++;
    const length = UDP_HEADER_BYTES + payload.length;
    if (destination.mac === undefined) this.#output.send(ipProtocol.udp, destination.address, length, fill);
    else this.#output.sendTo(destination.mac, ipProtocol.udp, destination.address, length, fill);
  }

  /**
   * Sends a datagram of up to 65,507 bytes to a station, in fragments where it is larger than what every Ethernet card takes: that
   * of the station may take less than the segment. Throws a RangeError above that.
   */
  sendLarge(sourcePort: number, destination: Required<UdpDestination>, payload: Uint8Array): void {
    if (payload.length > LARGEST_DATAGRAM_BYTES) {
      throw new RangeError(`A datagram of ${payload.length} bytes is above ${LARGEST_DATAGRAM_BYTES}.`);
    }
    if (IPV4_HEADER_BYTES + UDP_HEADER_BYTES + payload.length <= Math.min(this.#output.mtu, ETHERNET_MTU)) {
      this.send(sourcePort, destination, payload);
      return;
    }
    const { address, port, mac } = destination;
    this.counters.sentDatagrams++;
    const datagram = { sourcePort, destinationPort: port, payload };
    const bytes = serializeUdp(datagram, this.#output.address, address);
    this.#output.sendFragmented(mac, ipProtocol.udp, address, bytes, ETHERNET_MTU);
  }

  /** Hands a packet's datagram to its service. False when there is none: the sender may be told. */
  receive({ packet, mac, broadcast }: Ipv4Arrival): boolean {
    const datagram = parseUdp(packet.payload, packet.source, packet.destination);
    if (datagram.kind === "malformed") {
      this.counters.malformed++;
      return true;
    }
    const service = this.#services.get(datagram.destinationPort);
    if (service === undefined) {
      this.counters.unknownPort++;
      return false;
    }
    this.counters.receivedDatagrams++;
    service(datagram.payload, { address: packet.source, port: datagram.sourcePort, mac, broadcast });
    return true;
  }
}

/** Everyone on the segment. */
export function everyone(port: number): UdpDestination {
  return { address: 0xffffffff, port, mac: BROADCAST_MAC };
}
