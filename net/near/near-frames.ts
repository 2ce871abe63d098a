import { ETHERNET_HEADER_BYTES, etherType } from "../ethernet/ethernet.ts";
import { type MacAddress, readMac } from "../ethernet/mac.ts";
import { readU16, readU32 } from "../ethernet/octets.ts";
import type { Ipv4Address } from "../ipv4/address.ts";
import { ipProtocol, parseIpv4Packet } from "../ipv4/packet.ts";
import { NBD_PORT } from "../nbd/constants.ts";
import { ACK, SYN } from "../tcp/wire.ts";

/** A guest's TCP segment to the boot server's NBD port. */
export interface NearFrame {
  readonly guestMac: MacAddress;
  readonly serverMac: MacAddress;
  readonly guest: Ipv4Address;
  readonly guestPort: number;
  /** It opens a connection. */
  readonly opens: boolean;
  /** The TCP segment: borrowed from the frame. */
  readonly segment: Uint8Array;
}

/** Where the IPv4 header and the TCP header have what tells a near frame at a glance (RFC 791, section 3.1; RFC 9293). */
const ETHERNET_TYPE = 12;
const PROTOCOL = ETHERNET_HEADER_BYTES + 9;
const DESTINATION = ETHERNET_HEADER_BYTES + 16;
const SHORTEST = ETHERNET_HEADER_BYTES + 20 + 20;
const TCP_DESTINATION_PORT = 2;
const TCP_FLAGS = 13;

/**
 * `undefined` for every other frame, whole or not: it goes its usual way.
 *
 * @param server the boot server's address; where it is not known yet, any
 */
export function parseNearFrame(frame: Uint8Array, server?: Ipv4Address): NearFrame | undefined {
  if (frame.length < SHORTEST || readU16(frame, ETHERNET_TYPE) !== etherType.ipv4) return undefined;
  if (frame[PROTOCOL] !== ipProtocol.tcp) return undefined;
  if (server !== undefined && readU32(frame, DESTINATION) !== server) return undefined;
  const packet = parseIpv4Packet(frame.subarray(ETHERNET_HEADER_BYTES));
  if (packet.kind === "malformed" || packet.moreFragments || packet.fragmentOffset !== 0) return undefined;
  const segment = packet.payload;
  if (segment.length < 20 || readU16(segment, TCP_DESTINATION_PORT) !== NBD_PORT) return undefined;
  return {
    guestMac: readMac(frame, 6),
    serverMac: readMac(frame, 0),
    guest: packet.source,
    guestPort: readU16(segment, 0),
    opens: (segment[TCP_FLAGS]! & (SYN | ACK)) === SYN,
    segment,
  };
}
