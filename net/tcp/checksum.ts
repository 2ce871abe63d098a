import type { Ipv4Address } from "../ipv4/address.ts";

/** The protocol number of TCP in an IPv4 header. */
export const PROTOCOL_TCP = 6;

/**
 * The complemented one's complement sum of the TCP segment at `offset` and its pseudo-header (RFC 9293, section 3.1).
 * Over a segment whose checksum field is 0 it is the checksum; over one that carries its checksum it is 0.
 */
export function segmentChecksum(
  bytes: Uint8Array,
  offset: number,
  length: number,
  source: Ipv4Address,
  destination: Ipv4Address,
): number {
  const end = offset + length;
  let sum =
    (source >>> 16) +
    (source & 0xffff) +
    (destination >>> 16) +
    (destination & 0xffff) +
    PROTOCOL_TCP +
    length;
  let at = offset;
  for (; at + 1 < end; at += 2) sum += (bytes[at]! << 8) | bytes[at + 1]!;
  if (at < end) sum += bytes[at]! << 8;
  sum = (sum >>> 16) + (sum & 0xffff);
  sum = (sum >>> 16) + (sum & 0xffff);
  return ~sum & 0xffff;
}
