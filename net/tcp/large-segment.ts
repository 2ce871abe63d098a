// Large segments: TCP leaves the cutting of a long run of octets to whoever is at the far end of a link that takes frames above
// the MTU, as a network card with segmentation offload does it for its host.
import { ETHERNET_HEADER_BYTES, etherType } from "../ethernet/ethernet.ts";
import { readU16, readU32, writeU16, writeU32 } from "../ethernet/octets.ts";
import { internetChecksum } from "../ipv4/checksum.ts";
import { IPV4_HEADER_BYTES, ipProtocol } from "../ipv4/packet.ts";
import {
  FIN,
  MIN_HEADER,
  PSH,
  pieceOctetsOf,
  sealSegment,
  tcpHeaderLength,
  writePieceOctets,
} from "./wire.ts";

/** A piece has at least this many octets: what a TCP may be made to send, less the longest options. */
export const MIN_PIECE_OCTETS = 24;

const TOTAL_LENGTH = ETHERNET_HEADER_BYTES + 2;
const IDENTIFICATION = ETHERNET_HEADER_BYTES + 4;
const FLAGS_AND_FRAGMENT_OFFSET = ETHERNET_HEADER_BYTES + 6;
const FRAGMENT = 0x3fff;
const PROTOCOL = ETHERNET_HEADER_BYTES + 9;
const HEADER_CHECKSUM = ETHERNET_HEADER_BYTES + 10;
const SOURCE = ETHERNET_HEADER_BYTES + 12;
const DESTINATION = ETHERNET_HEADER_BYTES + 16;
const TCP = ETHERNET_HEADER_BYTES + IPV4_HEADER_BYTES;
const SEQUENCE = TCP + 4;
const FLAGS = TCP + 13;

/**
 * Cuts a frame above the MTU into frames that the segment's stations can take: each with its own headers, sequence number and
 * checksums, PSH and FIN on the last. `undefined` when it is no frame that may be cut: TCP in an IPv4 packet without options,
 * its checksum field saying how many octets a piece has, and a piece no larger than the MTU.
 */
export function cutLargeFrame(frame: Uint8Array, mtu: number): readonly Uint8Array[] | undefined {
  if (frame.length < TCP + MIN_HEADER || readU16(frame, 12) !== etherType.ipv4) return undefined;
  if (frame[ETHERNET_HEADER_BYTES] !== 0x45 || frame[PROTOCOL] !== ipProtocol.tcp) return undefined;
  if (readU16(frame, TOTAL_LENGTH) !== frame.length - ETHERNET_HEADER_BYTES) return undefined;
  if ((readU16(frame, FLAGS_AND_FRAGMENT_OFFSET) & FRAGMENT) !== 0) return undefined;
  const headers = TCP + tcpHeaderLength(frame, TCP);
  const piece = pieceOctetsOf(frame, TCP);
  const octets = frame.length - headers;
  if (headers < TCP + MIN_HEADER || octets <= 0 || piece < MIN_PIECE_OCTETS) return undefined;
  if (headers - ETHERNET_HEADER_BYTES + piece > mtu) return undefined;
  const count = Math.ceil(octets / piece);
  const bytes = new Uint8Array(count * headers + octets);
  return Array.from({ length: count }, (_, index) => {
    const from = headers + index * piece;
    const length = Math.min(piece, frame.length - from);
    const at = index * (headers + piece);
    const cut = bytes.subarray(at, at + headers + length);
    cut.set(frame.subarray(0, headers));
    cut.set(frame.subarray(from, from + length), headers);
    finish(cut, index, index * piece, index === count - 1);
    return cut;
  });
}

/** Makes the headers of a large frame those of its piece number `index`, which begins `offset` octets into the payload. */
function finish(frame: Uint8Array, index: number, offset: number, isLast: boolean): void {
  writeU16(frame, TOTAL_LENGTH, frame.length - ETHERNET_HEADER_BYTES);
  writeU16(frame, IDENTIFICATION, readU16(frame, IDENTIFICATION) + index);
  writeU16(frame, HEADER_CHECKSUM, 0);
  writeU16(frame, HEADER_CHECKSUM, internetChecksum(frame, ETHERNET_HEADER_BYTES, TCP));
  writeU32(frame, SEQUENCE, readU32(frame, SEQUENCE) + offset);
  if (!isLast) frame[FLAGS]! &= ~(FIN | PSH);
  writePieceOctets(frame, TCP, 0);
  sealSegment(frame, TCP, frame.length - TCP, readU32(frame, SOURCE), readU32(frame, DESTINATION));
}
