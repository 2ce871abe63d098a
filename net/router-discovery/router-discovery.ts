// Router discovery, RFC 4861: ICMPv6 messages in IPv6 packets (RFC 8200, RFC 4443). The question, and the one answer we have.
import {
  ETHERNET_HEADER_BYTES,
  etherType,
  parseEthernet,
  writeEthernetHeader,
} from "../ethernet/ethernet.ts";
import { type MacAddress, writeMac } from "../ethernet/mac.ts";
import { type Malformed, malformed } from "../ethernet/malformed.ts";
import { readU16, writeU16, writeU32 } from "../ethernet/octets.ts";
import { internetChecksum, onesComplementSum } from "../ipv4/checksum.ts";

const IPV6_HEADER_BYTES = 40;
const PAYLOAD_LENGTH = 4;
const NEXT_HEADER = 6;
const HOP_LIMIT = 7;
const SOURCE = 8;
const DESTINATION = 24;
const ADDRESS_BYTES = 16;

const NEXT_HEADER_ICMPV6 = 58;
/** A packet that came through a router has less: section 6.1 has everyone drop it. */
const NEIGHBOUR_HOP_LIMIT = 255;
const TYPE_SOLICITATION = 133;
const TYPE_ADVERTISEMENT = 134;
const CHECKSUM = 2;
const SOLICITATION_BYTES = 8;
const ADVERTISEMENT_BYTES = 16;
const OPTION_SOURCE_LINK_LAYER_ADDRESS = 1;
const OPTION_BYTES = 8;

export interface RouterSolicitation {
  readonly kind: "router-solicitation";
  readonly mac: MacAddress;
  /** 16 bytes, borrowed; all zero for a station that has no address yet. */
  readonly address: Uint8Array;
}

/** Reads a frame, checked as RFC 4861 section 6.1.1 asks for. `undefined` when it is anything but router solicitation. */
export function parseRouterSolicitation(bytes: Uint8Array): RouterSolicitation | Malformed | undefined {
  const frame = parseEthernet(bytes);
  if (frame.kind === "malformed" || frame.type !== etherType.ipv6) return undefined;
  const packet = frame.payload;
  const icmp = IPV6_HEADER_BYTES;
  // Extension headers are of no use here; a solicitation with some is not known for one.
  if (packet.length < icmp + 1 || packet[NEXT_HEADER] !== NEXT_HEADER_ICMPV6) return undefined;
  if (packet[icmp] !== TYPE_SOLICITATION) return undefined;
  const length = readU16(packet, PAYLOAD_LENGTH);
  if (packet[0]! >> 4 !== 6) return malformed("bad-version");
  if (length < SOLICITATION_BYTES || icmp + length > packet.length) return malformed("truncated");
  if (packet[HOP_LIMIT] !== NEIGHBOUR_HOP_LIMIT || packet[icmp + 1] !== 0) return malformed("bad-value");
  if (internetChecksum(packet, icmp, icmp + length, pseudoHeader(packet, length)) !== 0)
    return malformed("bad-checksum");
  for (let option = icmp + SOLICITATION_BYTES; option < icmp + length; ) {
    const units = packet[option + 1] ?? 0;
    if (units === 0 || option + 8 * units > icmp + length) return malformed("bad-length");
    option += 8 * units;
  }
  return {
    kind: "router-solicitation",
    mac: frame.source,
    address: packet.subarray(SOURCE, SOURCE + ADDRESS_BYTES),
  };
}

/**
 * The frame that tells a station that there is no router, no prefix and no DHCPv6 to wait for: an advertisement whose router
 * lifetime is 0 (section 4.2).
 */
export function noRouterAdvertisement(
  ours: MacAddress,
  to: Pick<RouterSolicitation, "mac" | "address">,
): Uint8Array {
  const length = ADVERTISEMENT_BYTES + OPTION_BYTES;
  const bytes = new Uint8Array(ETHERNET_HEADER_BYTES + IPV6_HEADER_BYTES + length);
  writeEthernetHeader(bytes, to.mac, ours, etherType.ipv6);
  const packet = bytes.subarray(ETHERNET_HEADER_BYTES);
  packet[0] = 6 << 4;
  writeU16(packet, PAYLOAD_LENGTH, length);
  packet[NEXT_HEADER] = NEXT_HEADER_ICMPV6;
  packet[HOP_LIMIT] = NEIGHBOUR_HOP_LIMIT;
  writeLinkLocal(packet.subarray(SOURCE, SOURCE + ADDRESS_BYTES), ours);
  if (to.address.some((octet) => octet !== 0)) packet.set(to.address, DESTINATION);
  else packet.set(ALL_NODES, DESTINATION);
  const icmp = IPV6_HEADER_BYTES;
  packet[icmp] = TYPE_ADVERTISEMENT;
  // Hop limit, flags, lifetime and both timers stay 0: unspecified, none, none.
  const option = icmp + ADVERTISEMENT_BYTES;
  packet[option] = OPTION_SOURCE_LINK_LAYER_ADDRESS;
  packet[option + 1] = OPTION_BYTES / 8;
  writeMac(packet, option + 2, ours);
  writeU16(
    packet,
    icmp + CHECKSUM,
    internetChecksum(packet, icmp, icmp + length, pseudoHeader(packet, length)),
  );
  return bytes;
}

/** ff02::1: whoever has no address yet listens to this one. */
const ALL_NODES = Uint8Array.of(0xff, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1);

/** fe80::/64 with the interface's identifier made of its MAC address (RFC 4291 appendix A). */
function writeLinkLocal(address: Uint8Array, mac: MacAddress): void {
  writeU32(address, 0, 0xfe800000);
  const octets = new Uint8Array(6);
  writeMac(octets, 0, mac);
  address.set([octets[0]! ^ 2, octets[1]!, octets[2]!, 0xff, 0xfe, ...octets.subarray(3)], 8);
}

/** RFC 8200 section 8.1: both addresses, the length and the protocol. */
function pseudoHeader(packet: Uint8Array, length: number): number {
  const lengthAndProtocol = new Uint8Array(8);
  writeU32(lengthAndProtocol, 0, length);
  lengthAndProtocol[7] = NEXT_HEADER_ICMPV6;
  const addresses = onesComplementSum(packet, SOURCE, SOURCE + 2 * ADDRESS_BYTES);
  return onesComplementSum(lengthAndProtocol, 0, 8, addresses);
}
