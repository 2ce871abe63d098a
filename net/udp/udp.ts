// UDP, RFC 768.
import { type Malformed, malformed } from "../ethernet/malformed.ts";
import { readU16, writeU16 } from "../ethernet/octets.ts";
import type { Ipv4Address } from "../ipv4/address.ts";
import { internetChecksum, pseudoHeaderSum } from "../ipv4/checksum.ts";
import { ipProtocol } from "../ipv4/packet.ts";

const SOURCE_PORT = 0;
const DESTINATION_PORT = 2;
const LENGTH = 4;
const CHECKSUM = 6;
export const UDP_HEADER_BYTES = 8;

export interface UdpDatagram {
  readonly kind: "udp";
  readonly sourcePort: number;
  readonly destinationPort: number;
  /** Borrowed from the bytes that were parsed. */
  readonly payload: Uint8Array;
}

/** Reads the payload of a packet; the addresses are part of the checksum. A checksum of 0 means that there is none. */
export function parseUdp(
  bytes: Uint8Array,
  source: Ipv4Address,
  destination: Ipv4Address,
): UdpDatagram | Malformed {
  if (bytes.length < UDP_HEADER_BYTES) return malformed("truncated");
  const length = readU16(bytes, LENGTH);
  if (length < UDP_HEADER_BYTES) return malformed("bad-length");
  if (bytes.length < length) return malformed("truncated");
  if (readU16(bytes, CHECKSUM) !== 0) {
    const pseudoHeader = pseudoHeaderSum(source, destination, ipProtocol.udp, length);
    if (internetChecksum(bytes, 0, length, pseudoHeader) !== 0) return malformed("bad-checksum");
  }
  return {
    kind: "udp",
    sourcePort: readU16(bytes, SOURCE_PORT),
    destinationPort: readU16(bytes, DESTINATION_PORT),
    payload: bytes.subarray(UDP_HEADER_BYTES, length),
  };
}

/** Writes the header in front of a payload of `length` bytes that is already in place, checksum included. */
export function writeUdpHeader(
  bytes: Uint8Array,
  at: number,
  ports: { readonly sourcePort: number; readonly destinationPort: number },
  length: number,
  source: Ipv4Address,
  destination: Ipv4Address,
): void {
  const total = UDP_HEADER_BYTES + length;
  writeU16(bytes, at + SOURCE_PORT, ports.sourcePort);
  writeU16(bytes, at + DESTINATION_PORT, ports.destinationPort);
  writeU16(bytes, at + LENGTH, total);
  writeU16(bytes, at + CHECKSUM, 0);
  const pseudoHeader = pseudoHeaderSum(source, destination, ipProtocol.udp, total);
  const checksum = internetChecksum(bytes, at, at + total, pseudoHeader);
  // A sum that comes out as 0 is sent as its other name, because 0 says "no checksum".
  writeU16(bytes, at + CHECKSUM, checksum === 0 ? 0xffff : checksum);
}

export function serializeUdp(
  datagram: Omit<UdpDatagram, "kind">,
  source: Ipv4Address,
  destination: Ipv4Address,
): Uint8Array {
  const bytes = new Uint8Array(UDP_HEADER_BYTES + datagram.payload.length);
  bytes.set(datagram.payload, UDP_HEADER_BYTES);
  writeUdpHeader(bytes, 0, datagram, datagram.payload.length, source, destination);
  return bytes;
}
