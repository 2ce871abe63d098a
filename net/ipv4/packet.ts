// IPv4 packets, RFC 791 section 3.1.
import { type Malformed, malformed } from "../ethernet/malformed.ts";
import { readU16, readU32, writeU16, writeU32 } from "../ethernet/octets.ts";
import type { Ipv4Address } from "./address.ts";
import { internetChecksum } from "./checksum.ts";

const VERSION_AND_HEADER_WORDS = 0;
const TYPE_OF_SERVICE = 1;
const TOTAL_LENGTH = 2;
const IDENTIFICATION = 4;
const FLAGS_AND_FRAGMENT_OFFSET = 6;
const TIME_TO_LIVE = 8;
const PROTOCOL = 9;
const HEADER_CHECKSUM = 10;
const SOURCE = 12;
const DESTINATION = 16;
/** Without options. */
export const IPV4_HEADER_BYTES = 20;

const DONT_FRAGMENT = 0x4000;
const MORE_FRAGMENTS = 0x2000;
const FRAGMENT_OFFSET = 0x1fff;
const VERSION_4 = 4;
const DEFAULT_TIME_TO_LIVE = 64;

/** Protocol numbers (IANA, "Protocol Numbers"). */
export const ipProtocol = { icmp: 1, tcp: 6, udp: 17 } as const;

export interface Ipv4Packet {
  readonly kind: "ipv4";
  readonly source: Ipv4Address;
  readonly destination: Ipv4Address;
  readonly protocol: number;
  readonly timeToLive: number;
  /** DSCP and ECN, as they came. */
  readonly typeOfService: number;
  readonly identification: number;
  readonly dontFragment: boolean;
  readonly moreFragments: boolean;
  /** Where a fragment's payload belongs, in bytes (a multiple of 8). */
  readonly fragmentOffset: number;
  /** Borrowed from the bytes that were parsed; padding that Ethernet added is cut off. */
  readonly payload: Uint8Array;
}

/** Reads a packet from the payload of a frame. Options are skipped; a fragment is returned as the fragment that it is. */
export function parseIpv4Packet(bytes: Uint8Array): Ipv4Packet | Malformed {
  if (bytes.length < IPV4_HEADER_BYTES) return malformed("truncated");
  const first = bytes[VERSION_AND_HEADER_WORDS]!;
  if (first >> 4 !== VERSION_4) return malformed("bad-version");
  const headerBytes = (first & 0xf) * 4;
  const totalLength = readU16(bytes, TOTAL_LENGTH);
  if (headerBytes < IPV4_HEADER_BYTES || totalLength < headerBytes) return malformed("bad-length");
  if (bytes.length < totalLength) return malformed("truncated");
  if (internetChecksum(bytes, 0, headerBytes) !== 0) return malformed("bad-checksum");
  const flags = readU16(bytes, FLAGS_AND_FRAGMENT_OFFSET);
  return {
    kind: "ipv4",
    source: readU32(bytes, SOURCE),
    destination: readU32(bytes, DESTINATION),
    protocol: bytes[PROTOCOL]!,
    timeToLive: bytes[TIME_TO_LIVE]!,
    typeOfService: bytes[TYPE_OF_SERVICE]!,
    identification: readU16(bytes, IDENTIFICATION),
    dontFragment: (flags & DONT_FRAGMENT) !== 0,
    moreFragments: (flags & MORE_FRAGMENTS) !== 0,
    fragmentOffset: (flags & FRAGMENT_OFFSET) * 8,
    payload: bytes.subarray(headerBytes, totalLength),
  };
}

export function isFragment(packet: Ipv4Packet): boolean {
  return packet.moreFragments || packet.fragmentOffset !== 0;
}

/** What `writeIpv4Header` needs to know. */
export interface Ipv4HeaderFields {
  readonly source: Ipv4Address;
  readonly destination: Ipv4Address;
  readonly protocol: number;
  readonly payloadLength: number;
  readonly identification?: number;
  readonly timeToLive?: number;
  readonly typeOfService?: number;
  /** True unless given: what we send is never to be fragmented (RFC 6864 section 4.1). */
  readonly dontFragment?: boolean;
  readonly moreFragments?: boolean;
  readonly fragmentOffset?: number;
}

/** Writes a header of 20 bytes in place, checksum included. */
export function writeIpv4Header(bytes: Uint8Array, at: number, fields: Ipv4HeaderFields): void {
  const flags =
    (fields.dontFragment === false ? 0 : DONT_FRAGMENT) |
    (fields.moreFragments === true ? MORE_FRAGMENTS : 0) |
    ((fields.fragmentOffset ?? 0) >>> 3);
  bytes[at + VERSION_AND_HEADER_WORDS] = (VERSION_4 << 4) | (IPV4_HEADER_BYTES / 4);
  bytes[at + TYPE_OF_SERVICE] = fields.typeOfService ?? 0;
  writeU16(bytes, at + TOTAL_LENGTH, IPV4_HEADER_BYTES + fields.payloadLength);
  writeU16(bytes, at + IDENTIFICATION, fields.identification ?? 0);
  writeU16(bytes, at + FLAGS_AND_FRAGMENT_OFFSET, flags);
  bytes[at + TIME_TO_LIVE] = fields.timeToLive ?? DEFAULT_TIME_TO_LIVE;
  bytes[at + PROTOCOL] = fields.protocol;
  writeU16(bytes, at + HEADER_CHECKSUM, 0);
  writeU32(bytes, at + SOURCE, fields.source);
  writeU32(bytes, at + DESTINATION, fields.destination);
  writeU16(bytes, at + HEADER_CHECKSUM, internetChecksum(bytes, at, at + IPV4_HEADER_BYTES));
}

/** A new packet without options. */
export function serializeIpv4Packet(packet: Omit<Ipv4Packet, "kind">): Uint8Array {
  const bytes = new Uint8Array(IPV4_HEADER_BYTES + packet.payload.length);
  writeIpv4Header(bytes, 0, { ...packet, payloadLength: packet.payload.length });
  bytes.set(packet.payload, IPV4_HEADER_BYTES);
  return bytes;
}
