import { arpOperation, parseArp, serializeArp } from "../arp/arp.ts";
import { type NeighbourCounters, NeighbourTable } from "../arp/neighbours.ts";
import type { Clock, RandomBytes, Timed } from "../clock.ts";
import {
  ETHERNET_HEADER_BYTES,
  etherType,
  parseEthernet,
  serializeEthernet,
  writeEthernetHeader,
} from "../ethernet/ethernet.ts";
import { BROADCAST_MAC, isMulticastMac, type MacAddress, writeMac } from "../ethernet/mac.ts";
import { readU16 } from "../ethernet/octets.ts";
import type { FrameSink } from "../segment/frame.ts";
import { FrameSlab } from "../wire/frame-slab.ts";
import {
  BROADCAST_ADDRESS,
  broadcastOf,
  type Ipv4Address,
  type Ipv4Network,
  isInNetwork,
  isMulticastAddress,
  UNSPECIFIED_ADDRESS,
} from "./address.ts";
import type { Ipv4Output } from "./output.ts";
import {
  IPV4_HEADER_BYTES,
  type Ipv4HeaderFields,
  type Ipv4Packet,
  ipProtocol,
  isFragment,
  parseIpv4Packet,
  writeIpv4Header,
} from "./packet.ts";

/** A packet as it came in. */
export interface Ipv4Arrival {
  readonly packet: Ipv4Packet;
  /** The packet's own bytes, header first; padding may follow. */
  readonly bytes: Uint8Array;
  /** Who put it on the segment. */
  readonly mac: MacAddress;
  /** It was sent to everyone: never answer with an error (RFC 1122 section 3.2.2). */
  readonly broadcast: boolean;
}

export interface Ipv4InterfaceOptions {
  readonly mac: MacAddress;
  /** Our address; with `prefixLength` it is the network as well. */
  readonly address: Ipv4Address;
  readonly prefixLength: number;
  /** Largest IPv4 packet in bytes. */
  readonly mtu: number;
  /** Where `transmit` takes large segments of TCP: see `Ipv4Output.largePacketBytes`. */
  readonly largePacketBytes?: number;
  readonly clock: Clock;
  readonly random: RandomBytes;
  readonly transmit: FrameSink;
  /** Gets whole packets for our address or for everyone. */
  readonly receive: (arrival: Ipv4Arrival) => void;
  /** Gets packets that we would have to route on: there is nowhere to route to. */
  readonly unroutable: (arrival: Ipv4Arrival) => void;
}

/** What came, what went, and why something did not. */
export interface Ipv4InterfaceCounters {
  receivedFrames: number;
  receivedBytes: number;
  sentFrames: number;
  sentBytes: number;
  /** For another station: seen because a switch floods what it has not learned. */
  notForUs: number;
  /** An Ethernet type other than ARP and IPv4; IPv6's neighbour discovery, for example. */
  unknownType: number;
  malformedEthernet: number;
  malformedArp: number;
  malformedIpv4: number;
  /** Fragments are dropped: the segment has one MTU, so a guest has no reason to send any. */
  fragments: number;
  /** A source that no station can have: ours, a broadcast or multicast address, or one of another network. */
  badSource: number;
  multicast: number;
  /** For an address that nobody has here: they go nowhere. */
  elsewhere: number;
  /** What we were to send to an address outside the network. */
  unroutableDropped: number;
}

/** Our station's IPv4 on one segment: Ethernet and ARP below, frames in, frames out. Opens nothing, waits for nothing. */
export class Ipv4Interface implements Ipv4Output, Timed {
  readonly address: Ipv4Address;
  readonly mtu: number;
  readonly largePacketBytes: number;
  readonly counters: Ipv4InterfaceCounters = {
    receivedFrames: 0,
    receivedBytes: 0,
    sentFrames: 0,
    sentBytes: 0,
    notForUs: 0,
    unknownType: 0,
    malformedEthernet: 0,
    malformedArp: 0,
    malformedIpv4: 0,
    fragments: 0,
    badSource: 0,
    multicast: 0,
    elsewhere: 0,
    unroutableDropped: 0,
  };
  readonly neighbourCounters: Readonly<NeighbourCounters>;
  readonly #options: Ipv4InterfaceOptions;
  readonly #network: Ipv4Network;
  readonly #neighbours: NeighbourTable;
  readonly #slab = new FrameSlab();
  #identification: number;

  constructor(options: Ipv4InterfaceOptions) {
    this.#options = options;
    this.address = options.address;
    this.mtu = options.mtu;
    this.largePacketBytes = Math.max(options.mtu, options.largePacketBytes ?? 0);
    this.#network = options;
    this.#identification = readU16(options.random(2), 0);
    this.#neighbours = new NeighbourTable({
      clock: options.clock,
      request: (address) => this.#sendArp(arpOperation.request, BROADCAST_MAC, 0, address),
      resolved: (frame, mac) => {
        // The frame is still ours alone: it waited with its destination left blank.
        writeMac(frame, 0, mac);
        this.#transmit(frame);
      },
    });
    this.neighbourCounters = this.#neighbours.counters;
  }

  receive(bytes: Uint8Array): void {
    this.counters.receivedFrames++;
    this.counters.receivedBytes += bytes.length;
    const frame = parseEthernet(bytes);
    if (frame.kind === "malformed") {
      this.counters.malformedEthernet++;
    } else if (frame.destination !== this.#options.mac && !isMulticastMac(frame.destination)) {
      this.counters.notForUs++;
    } else if (isMulticastMac(frame.source) || frame.source === this.#options.mac) {
      this.counters.badSource++;
    } else {
      switch (frame.type) {
        case etherType.ipv4:
          this.#receiveIpv4(frame.payload, frame.source, frame.destination !== this.#options.mac);
          break;
        case etherType.arp:
          this.#receiveArp(frame.payload);
          break;
        default:
          this.counters.unknownType++;
      }
    }
  }

  send(
    protocol: number,
    destination: Ipv4Address,
    length: number,
    fill: (frame: Uint8Array, offset: number) => void,
    packets = 1,
  ): void {
    if (destination === BROADCAST_ADDRESS || destination === broadcastOf(this.#network)) {
      this.sendTo(BROADCAST_MAC, protocol, destination, length, fill);
    } else if (!isInNetwork(destination, this.#network) || destination === this.address) {
      this.counters.unroutableDropped++;
    } else {
      const mac = this.#neighbours.lookup(destination);
      this.#sendAs(this.address, mac, protocol, destination, length, fill, packets);
    }
  }

  /** Sends to the station `mac` in the name of `address`, which is not ours: to refuse what was sent there. */
  outputAs(address: Ipv4Address, mac: MacAddress): Ipv4Output {
    return {
      address,
      mtu: this.mtu,
      send: (protocol, destination, length, fill) =>
        this.#sendAs(address, mac, protocol, destination, length, fill),
    };
  }

  /** Like `send`, for a station whose MAC address is known before it answers to its IP address; else it is looked for. */
  sendTo(
    mac: MacAddress | undefined,
    protocol: number,
    destination: Ipv4Address,
    length: number,
    fill: (frame: Uint8Array, offset: number) => void,
  ): void {
    this.#sendAs(this.address, mac, protocol, destination, length, fill);
  }

  #sendAs(
    source: Ipv4Address,
    mac: MacAddress | undefined,
    protocol: number,
    destination: Ipv4Address,
    length: number,
    fill: (frame: Uint8Array, offset: number) => void,
    packets = 1,
  ): void {
    const largest = protocol === ipProtocol.tcp ? this.largePacketBytes : this.mtu;
    if (IPV4_HEADER_BYTES + length > largest) {
      throw new RangeError(`A packet of ${IPV4_HEADER_BYTES + length} bytes is above ${largest}, the most.`);
    }
    const identification = this.#nextIdentification();
    this.#identification += packets - 1;
    this.#sendPacket(mac, { source, protocol, destination, payloadLength: length, identification }, fill);
  }

  /**
   * Sends what may not fit into one packet as fragments of at most `largestBytes` each, header included (RFC 791 section 3.2). A
   * packet holds 65,535 bytes: the payload at most 65,515.
   */
  sendFragmented(
    mac: MacAddress,
    protocol: number,
    destination: Ipv4Address,
    payload: Uint8Array,
    largestBytes: number,
  ): void {
    const room = (Math.min(largestBytes, this.mtu) - IPV4_HEADER_BYTES) & ~7;
    const identification = this.#nextIdentification();
    for (let offset = 0; offset < payload.length; offset += room) {
      const piece = payload.subarray(offset, offset + room);
      const fields = {
        source: this.address,
        protocol,
        destination,
        payloadLength: piece.length,
        identification,
        dontFragment: false,
        moreFragments: offset + room < payload.length,
        fragmentOffset: offset,
      };
      this.#sendPacket(mac, fields, (frame, at) => frame.set(piece, at));
    }
  }

  /** Notes where a station is, before it has said so itself. */
  learn(address: Ipv4Address, mac: MacAddress): void {
    if (this.#mayBeStation(address)) this.#neighbours.learn(address, mac);
  }

  /** Takes back frames of ours from the one who had them last; see `FrameSlab.giveBack`. Not needed: it saves memory. */
  giveBack(frames: readonly Uint8Array[]): void {
    this.#slab.giveBack(frames);
  }

  deadline(): number {
    return this.#neighbours.deadline();
  }

  advance(nowMs: number): void {
    this.#neighbours.advance(nowMs);
  }

  #receiveArp(bytes: Uint8Array): void {
    const arp = parseArp(bytes);
    if (arp.kind === "malformed") {
      this.counters.malformedArp++;
      return;
    }
    // RFC 826, "Packet Reception": take the sender into the table first, then answer. A probe (sender 0) says nothing yet.
    if (arp.senderAddress !== UNSPECIFIED_ADDRESS) {
      if (!this.#mayBeStation(arp.senderAddress)) this.counters.badSource++;
      else this.#neighbours.learn(arp.senderAddress, arp.senderMac);
    }
    if (arp.operation === arpOperation.request && arp.targetAddress === this.address) {
      this.#sendArp(arpOperation.reply, arp.senderMac, arp.senderMac, arp.senderAddress);
    }
  }

  #receiveIpv4(bytes: Uint8Array, mac: MacAddress, sentToMany: boolean): void {
    const packet = parseIpv4Packet(bytes);
    if (packet.kind === "malformed") {
      this.counters.malformedIpv4++;
      return;
    }
    if (this.#mayBeStation(packet.source)) {
      this.#neighbours.learn(packet.source, mac);
    } else if (packet.source !== UNSPECIFIED_ADDRESS) {
      this.counters.badSource++;
      return;
    }
    const broadcast =
      packet.destination === BROADCAST_ADDRESS || packet.destination === broadcastOf(this.#network);
    if (isFragment(packet)) {
      this.counters.fragments++;
    } else if (packet.destination === this.address || broadcast) {
      this.#options.receive({ packet, bytes, mac, broadcast: broadcast || sentToMany });
    } else if (isMulticastAddress(packet.destination)) {
      this.counters.multicast++;
    } else if (sentToMany) {
      this.counters.notForUs++;
    } else {
      this.counters.elsewhere++;
      this.#options.unroutable({ packet, bytes, mac, broadcast: false });
    }
  }

  #sendPacket(
    mac: MacAddress | undefined,
    fields: Ipv4HeaderFields,
    fill: (frame: Uint8Array, offset: number) => void,
  ): void {
    const header = ETHERNET_HEADER_BYTES + IPV4_HEADER_BYTES;
    const frame = this.#slab.allocate(header + fields.payloadLength);
    fill(frame, header);
    writeIpv4Header(frame, ETHERNET_HEADER_BYTES, fields);
    writeEthernetHeader(frame, mac ?? 0, this.#options.mac, etherType.ipv4);
    if (mac === undefined) this.#neighbours.hold(fields.destination, frame);
    else this.#transmit(frame);
  }

  #nextIdentification(): number {
    this.#identification = (this.#identification + 1) & 0xffff;
    return this.#identification;
  }

  #mayBeStation(address: Ipv4Address): boolean {
    const network = this.#network;
    return (
      isInNetwork(address, network) &&
      address !== this.address &&
      address !== broadcastOf(network) &&
      address !== UNSPECIFIED_ADDRESS
    );
  }

  #sendArp(operation: number, to: MacAddress, targetMac: MacAddress, targetAddress: Ipv4Address): void {
    const { mac } = this.#options;
    const payload = serializeArp({
      operation,
      senderMac: mac,
      senderAddress: this.address,
      targetMac,
      targetAddress,
    });
    this.#transmit(serializeEthernet({ destination: to, source: mac, type: etherType.arp, payload }));
  }

  #transmit(frame: Uint8Array): void {
    this.counters.sentFrames++;
    this.counters.sentBytes += frame.length;
    this.#options.transmit(frame);
  }
}
