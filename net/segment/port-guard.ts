// What a client may put on a segment: as itself, and nothing but ARP, IPv4, AoE requests and the question for an IPv6 router. It
// is what switches call port security, IP source guard (RFC 7039 has the reasons), dynamic ARP inspection and DHCP snooping.
import { arpOperation, parseArp } from "../arp/arp.ts";
import { dhcpPort } from "../dhcp/message.ts";
import { ETHERNET_HEADER_BYTES, etherType } from "../ethernet/ethernet.ts";
import { isMulticastMac, type MacAddress, readMac } from "../ethernet/mac.ts";
import { readU16, readU32 } from "../ethernet/octets.ts";
import {
  broadcastOf,
  type Ipv4Address,
  type Ipv4Network,
  isInNetwork,
  netmask,
  UNSPECIFIED_ADDRESS,
} from "../ipv4/address.ts";
import { IPV4_HEADER_BYTES, ipProtocol } from "../ipv4/packet.ts";
import { parseRouterSolicitation } from "../router-discovery/router-discovery.ts";
import { UDP_HEADER_BYTES } from "../udp/udp.ts";
import type { Occupant } from "./occupants.ts";

/** Why frames of a client were dropped. Numbers only ever grow. */
export interface GuardCounters {
  /** Too short for what they say they are, or from a group address. */
  malformed: number;
  /** All but the question for a router. Harmless: clients try it everywhere. */
  ipv6: number;
  /** Neither ARP nor IPv4, nor AoE where the segment has it. */
  etherType: number;
  /** AoE as only a target speaks it: a response. */
  aoeTarget: number;
  /** From another MAC address than the one that the client began with. */
  sourceMac: number;
  /** The first frame of a client with a MAC address that another client has. */
  takenMac: number;
  /** From the boot server's MAC or IPv4 address, which no client can have. */
  asServer: number;
  /** IPv4 from an address that is not the client's: another was leased to it, or it has used another one before. */
  sourceAddress: number;
  /** IPv4 from an address that another client has. */
  takenAddress: number;
  /** IPv4 from an address outside of the network, or from none although it is no question for an address. */
  strayAddress: number;
  /** ARP whose sender is not the client, or that is neither request nor reply. */
  arpSender: number;
  /** DHCP as only a server speaks it: from its port. */
  dhcpServer: number;
  /** DHCP on behalf of another station. */
  dhcpOfAnother: number;
}

export type GuardReason = keyof GuardCounters;

/** Where a frame may go: to the boot server only, or wherever its destination is. */
export type Passage = "server" | "segment";

export interface PortGuardOptions {
  readonly occupant: Occupant;
  /** The boot server's address; with `prefixLength` it is the network as well. */
  readonly address: Ipv4Address;
  readonly prefixLength: number;
  /** The boot server's stations. */
  readonly serverMacs: readonly MacAddress[];
  /** Whether the segment has ATA over Ethernet. */
  readonly aoe?: boolean;
  /** Whether a DHCP server that is not the boot server's stands on the segment: questions for an address go there. */
  readonly dhcpOnSegment?: boolean;
  /** Told of each frame that is dropped. Called at any rate. */
  readonly dropped?: (reason: GuardReason, frame: Uint8Array) => void;
}

const IPV4_FRAGMENT = ETHERNET_HEADER_BYTES + 6;
const IPV4_PROTOCOL = ETHERNET_HEADER_BYTES + 9;
const IPV4_SOURCE = ETHERNET_HEADER_BYTES + 12;
const FRAGMENT_OFFSET = 0x1fff;

/** AoEr11 section 2.2: version and flags come first. */
const AOE_FLAGS = ETHERNET_HEADER_BYTES;
const AOE_RESPONSE = 0x08;

/** In a BOOTP message, RFC 951 section 3. */
const HLEN = 2;
const GIADDR = 24;
const CHADDR = 28;
const CHADDR_END = 34;

/**
 * Lets through what a client sends as itself: from one MAC address, the first that it used; and from one IPv4 address, the
 * one that was leased to it, or else the first of the network that it used and nobody else has (a boot entry with a static
 * `ip=` asks nobody). The rest is dropped and counted.
 */
export class PortGuard {
  readonly counters: GuardCounters = {
    malformed: 0,
    ipv6: 0,
    etherType: 0,
    aoeTarget: 0,
    sourceMac: 0,
    takenMac: 0,
    asServer: 0,
    sourceAddress: 0,
    takenAddress: 0,
    strayAddress: 0,
    arpSender: 0,
    dhcpServer: 0,
    dhcpOfAnother: 0,
  };
  readonly #options: PortGuardOptions;
  readonly #network: Ipv4Network;
  readonly #occupant: Occupant;

  constructor(options: PortGuardOptions) {
    this.#options = options;
    this.#network = options;
    this.#occupant = options.occupant;
  }

  /** Judges one frame; `undefined` when it was dropped. */
  judge(frame: Uint8Array): Passage | undefined {
    const verdict = this.#verdict(frame);
    if (verdict === "segment" || verdict === "server") return verdict;
    this.counters[verdict]++;
    this.#options.dropped?.(verdict, frame);
    return undefined;
  }

  #verdict(frame: Uint8Array): Passage | GuardReason {
    if (frame.length < ETHERNET_HEADER_BYTES) return "malformed";
    const source = readMac(frame, 6);
    if (source === this.#occupant.mac) return this.#judgePayload(frame, source);
    if (isMulticastMac(source)) return "malformed";
    if (this.#options.serverMacs.includes(source)) return "asServer";
    if (this.#occupant.mac !== undefined) return "sourceMac";
    if (!this.#occupant.mayTakeMac(source)) return "takenMac";
    const verdict = this.#judgePayload(frame, source);
    // What makes no sense does not say who somebody is.
    if (verdict === "segment" || verdict === "server") this.#occupant.takeMac(source);
    return verdict;
  }

  #judgePayload(frame: Uint8Array, source: MacAddress): Passage | GuardReason {
    const type = readU16(frame, 12);
    switch (type) {
      case etherType.ipv4:
        return this.#judgeIpv4(frame, source);
      case etherType.arp:
        return this.#judgeArp(frame, source);
      case etherType.ipv6:
        // The one question that has an answer here.
        return parseRouterSolicitation(frame)?.kind === "router-solicitation" ? "server" : "ipv6";
      case etherType.aoe:
        if (this.#options.aoe !== true) return "etherType";
        if (frame.length <= AOE_FLAGS) return "malformed";
        return frame[AOE_FLAGS]! & AOE_RESPONSE ? "aoeTarget" : "segment";
      default:
        return "etherType";
    }
  }

  /** Only what tells who is speaking: whoever gets the packet looks at the rest. */
  #judgeIpv4(frame: Uint8Array, mac: MacAddress): Passage | GuardReason {
    if (frame.length < ETHERNET_HEADER_BYTES + IPV4_HEADER_BYTES) return "malformed";
    const headerBytes = (frame[ETHERNET_HEADER_BYTES]! & 0xf) * 4;
    if (frame[ETHERNET_HEADER_BYTES]! >>> 4 !== 4 || headerBytes < IPV4_HEADER_BYTES) return "malformed";
    const isFirst = (readU16(frame, IPV4_FRAGMENT) & FRAGMENT_OFFSET) === 0;
    const passage =
      frame[IPV4_PROTOCOL] === ipProtocol.udp && isFirst
        ? this.#judgeUdp(frame, ETHERNET_HEADER_BYTES + headerBytes, mac)
        : "segment";
    if (passage !== "segment" && passage !== "server") return passage;
    const source = readU32(frame, IPV4_SOURCE);
    const objection =
      source !== UNSPECIFIED_ADDRESS
        ? this.#objectionTo(source)
        : passage === "segment"
          ? "strayAddress"
          : undefined;
    return objection ?? (this.#options.dhcpOnSegment === true ? "segment" : passage);
  }

  #judgeUdp(frame: Uint8Array, at: number, mac: MacAddress): Passage | GuardReason {
    // A first fragment that is cut before the ports would hide them from us, and not from who puts it together.
    if (frame.length < at + UDP_HEADER_BYTES) return "malformed";
    if (readU16(frame, at) === dhcpPort.server) return "dhcpServer";
    if (readU16(frame, at + 2) !== dhcpPort.server) return "segment";
    const message = at + UDP_HEADER_BYTES;
    if (frame.length < message + CHADDR_END) return "malformed";
    const speaksForItself =
      frame[message + HLEN] === 6 &&
      readU32(frame, message + GIADDR) === UNSPECIFIED_ADDRESS &&
      readMac(frame, message + CHADDR) === mac;
    return speaksForItself ? "server" : "dhcpOfAnother";
  }

  #judgeArp(frame: Uint8Array, source: MacAddress): Passage | GuardReason {
    const arp = parseArp(frame.subarray(ETHERNET_HEADER_BYTES));
    if (arp.kind === "malformed") return "malformed";
    const { operation, senderMac, senderAddress } = arp;
    if (operation !== arpOperation.request && operation !== arpOperation.reply) return "arpSender";
    if (senderMac !== source) return "arpSender";
    // A probe (RFC 5227 section 2.1.1): the client asks before it takes an address.
    if (senderAddress === UNSPECIFIED_ADDRESS) return "segment";
    return this.#objectionTo(senderAddress) ?? "segment";
  }

  /** What is wrong with a sender's address. One that is free becomes the client's, if it has none. */
  #objectionTo(address: Ipv4Address): GuardReason | undefined {
    const occupant = this.#occupant;
    if (address === occupant.address) return undefined;
    if (address === this.#options.address) return "asServer";
    if (!this.#mayBeStation(address)) return "strayAddress";
    if (!occupant.mayHave(address)) return "takenAddress";
    return occupant.takeAddress(address) ? undefined : "sourceAddress";
  }

  #mayBeStation(address: Ipv4Address): boolean {
    const network = this.#network;
    return (
      isInNetwork(address, network) &&
      address !== broadcastOf(network) &&
      (address & ~netmask(network.prefixLength)) !== 0
    );
  }
}
