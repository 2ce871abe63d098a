import { type Malformed, malformed } from "../ethernet/malformed.ts";
import type { Ipv4Address } from "../ipv4/address.ts";
import { internetChecksum, pseudoHeaderSum } from "../ipv4/checksum.ts";
import { ipProtocol } from "../ipv4/packet.ts";
import type { SequenceNumber } from "./sequence.ts";

// The header in wire order (RFC 9293, section 3.1).
const SOURCE_PORT = 0;
const DESTINATION_PORT = 2;
const SEQUENCE = 4;
const ACKNOWLEDGMENT = 8;
const DATA_OFFSET = 12;
const FLAGS = 13;
const WINDOW = 14;
const CHECKSUM = 16;
const URGENT_POINTER = 18;

/** Octets of a header without options. */
export const MIN_HEADER = 20;

/** Octets of a header with all the options that fit. */
export const MAX_HEADER = 60;

export const FIN = 0x01;
export const SYN = 0x02;
export const RST = 0x04;
export const PSH = 0x08;
export const ACK = 0x10;

// Option kinds: RFC 9293 section 3.2, RFC 7323 sections 2.2 and 3.2, RFC 2018 sections 2 and 3.
const OPTION_END = 0;
const OPTION_NOP = 1;
const OPTION_MSS = 2;
const OPTION_WINDOW_SCALE = 3;
const OPTION_SACK_PERMITTED = 4;
const OPTION_SACK = 5;
const OPTION_TIMESTAMPS = 8;

/** A block of octets that have arrived out of order: from `start` up to, but without, `end` (RFC 2018). */
export interface SackBlock {
  readonly start: SequenceNumber;
  readonly end: SequenceNumber;
}

/** The options we know; all others are skipped. */
export interface TcpOptions {
  readonly maximumSegmentSize: number | undefined;
  /** The shift as sent: a receiver limits it to 14 (RFC 7323, section 2.3). */
  readonly windowScale: number | undefined;
  readonly sackPermitted: boolean;
  readonly sackBlocks: readonly SackBlock[];
  readonly timestamps: Timestamps | undefined;
}

/** TSval and TSecr, in ticks of their sender's clock (RFC 7323, section 3.2). */
export interface Timestamps {
  readonly value: number;
  readonly echo: number;
}

export const NO_SACK_BLOCKS: readonly SackBlock[] = [];

export const NO_OPTIONS: TcpOptions = {
  maximumSegmentSize: undefined,
  windowScale: undefined,
  sackPermitted: false,
  sackBlocks: NO_SACK_BLOCKS,
  timestamps: undefined,
};

export interface TcpHeader {
  readonly sourcePort: number;
  readonly destinationPort: number;
  readonly sequence: SequenceNumber;
  readonly acknowledgment: SequenceNumber;
  /** FIN, SYN, RST, PSH, ACK and their neighbours, as on the wire. */
  readonly flags: number;
  /** As on the wire: not scaled. */
  readonly window: number;
  readonly options: TcpOptions;
}

export interface TcpSegment extends TcpHeader {
  readonly kind: "tcp";
  /** A view of the packet that was parsed. */
  readonly payload: Uint8Array;
}

/** Reads the payload of an IPv4 packet. The payload of the result is a view of `bytes`. Never throws. */
export function parseSegment(
  bytes: Uint8Array,
  source: Ipv4Address,
  destination: Ipv4Address,
): TcpSegment | Malformed {
  if (bytes.length < MIN_HEADER) return malformed("truncated");
  const headerLength = (bytes[DATA_OFFSET]! >>> 4) * 4;
  if (headerLength < MIN_HEADER) return malformed("bad-length");
  if (headerLength > bytes.length) return malformed("truncated");
  if (segmentChecksum(bytes, 0, bytes.length, source, destination) !== 0) return malformed("bad-checksum");
  const options = headerLength === MIN_HEADER ? NO_OPTIONS : parseOptions(bytes, headerLength);
  if (options === undefined) return malformed("bad-length");
  return {
    kind: "tcp",
    sourcePort: read16(bytes, SOURCE_PORT),
    destinationPort: read16(bytes, DESTINATION_PORT),
    sequence: read32(bytes, SEQUENCE),
    acknowledgment: read32(bytes, ACKNOWLEDGMENT),
    flags: bytes[FLAGS]!,
    window: read16(bytes, WINDOW),
    options,
    payload: bytes.subarray(headerLength),
  };
}

/** `undefined` when a length is impossible, for the list as a whole or for an option that we know. */
function parseOptions(bytes: Uint8Array, end: number): TcpOptions | undefined {
  let maximumSegmentSize: number | undefined;
  let windowScale: number | undefined;
  let sackPermitted = false;
  let sackBlocks = NO_SACK_BLOCKS;
  let timestamps: Timestamps | undefined;
  let at = MIN_HEADER;
  while (at < end) {
    const kind = bytes[at]!;
    if (kind === OPTION_END) break;
    if (kind === OPTION_NOP) {
      at += 1;
      continue;
    }
    const length = at + 1 < end ? bytes[at + 1]! : 0;
    if (length < 2 || at + length > end) return undefined;
    switch (kind) {
      case OPTION_MSS:
        if (length !== 4) return undefined;
        maximumSegmentSize = read16(bytes, at + 2);
        break;
      case OPTION_WINDOW_SCALE:
        if (length !== 3) return undefined;
        windowScale = bytes[at + 2]!;
        break;
      case OPTION_SACK_PERMITTED:
        if (length !== 2) return undefined;
        sackPermitted = true;
        break;
      case OPTION_SACK: {
        if (length < 10 || length % 8 !== 2) return undefined;
        const blocks: SackBlock[] = [];
        for (let block = at + 2; block < at + length; block += 8) {
          blocks.push({ start: read32(bytes, block), end: read32(bytes, block + 4) });
        }
        sackBlocks = blocks;
        break;
      }
      case OPTION_TIMESTAMPS:
        if (length !== 10) return undefined;
        timestamps = { value: read32(bytes, at + 2), echo: read32(bytes, at + 6) };
        break;
    }
    at += length;
  }
  return { maximumSegmentSize, windowScale, sackPermitted, sackBlocks, timestamps };
}

/** Octets that the options take in a header, padding included. More than 40 do not fit one. */
export function optionsLength(options: TcpOptions): number {
  return (
    (options.maximumSegmentSize === undefined ? 0 : 4) +
    (options.sackPermitted ? 4 : 0) +
    (options.windowScale === undefined ? 0 : 4) +
    (options.timestamps === undefined ? 0 : 12) +
    (options.sackBlocks.length === 0 ? 0 : 4 + 8 * options.sackBlocks.length)
  );
}

/** Writes a header at `offset`, its checksum field 0, and returns its length in octets. */
export function writeHeader(bytes: Uint8Array, offset: number, header: TcpHeader): number {
  const length = MIN_HEADER + optionsLength(header.options);
  write16(bytes, offset + SOURCE_PORT, header.sourcePort);
  write16(bytes, offset + DESTINATION_PORT, header.destinationPort);
  write32(bytes, offset + SEQUENCE, header.sequence);
  write32(bytes, offset + ACKNOWLEDGMENT, header.acknowledgment);
  bytes[offset + DATA_OFFSET] = (length / 4) << 4;
  bytes[offset + FLAGS] = header.flags;
  write16(bytes, offset + WINDOW, header.window);
  write16(bytes, offset + CHECKSUM, 0);
  write16(bytes, offset + URGENT_POINTER, 0);
  if (length > MIN_HEADER) writeOptions(bytes, offset + MIN_HEADER, header.options);
  return length;
}

/** Every option is padded in front to a multiple of four octets, which aligns its numbers as RFC 7323 appendix A has it. */
function writeOptions(bytes: Uint8Array, offset: number, options: TcpOptions): void {
  let at = offset;
  if (options.maximumSegmentSize !== undefined) {
    bytes[at] = OPTION_MSS;
    bytes[at + 1] = 4;
    write16(bytes, at + 2, options.maximumSegmentSize);
    at += 4;
  }
  if (options.sackPermitted) {
    write16(bytes, at, (OPTION_NOP << 8) | OPTION_NOP);
    write16(bytes, at + 2, (OPTION_SACK_PERMITTED << 8) | 2);
    at += 4;
  }
  if (options.windowScale !== undefined) {
    write16(bytes, at, (OPTION_NOP << 8) | OPTION_WINDOW_SCALE);
    bytes[at + 2] = 3;
    bytes[at + 3] = options.windowScale;
    at += 4;
  }
  if (options.timestamps !== undefined) {
    write16(bytes, at, (OPTION_NOP << 8) | OPTION_NOP);
    write16(bytes, at + 2, (OPTION_TIMESTAMPS << 8) | 10);
    write32(bytes, at + 4, options.timestamps.value);
    write32(bytes, at + 8, options.timestamps.echo);
    at += 12;
  }
  if (options.sackBlocks.length > 0) {
    write16(bytes, at, (OPTION_NOP << 8) | OPTION_NOP);
    write16(bytes, at + 2, (OPTION_SACK << 8) | (2 + 8 * options.sackBlocks.length));
    at += 4;
    for (const block of options.sackBlocks) {
      write32(bytes, at, block.start);
      write32(bytes, at + 4, block.end);
      at += 8;
    }
  }
}

/** Writes the checksum of the finished segment of `length` octets at `offset`. */
export function sealSegment(
  bytes: Uint8Array,
  offset: number,
  length: number,
  source: Ipv4Address,
  destination: Ipv4Address,
): void {
  write16(bytes, offset + CHECKSUM, segmentChecksum(bytes, offset, length, source, destination));
}

/** Octets of the header at `offset`, as it says; impossible ones are possible. */
export function tcpHeaderLength(bytes: Uint8Array, offset: number): number {
  return (bytes[offset + DATA_OFFSET]! >>> 4) * 4;
}

/**
 * Says how many octets of payload each piece of a large segment shall have. It is in the place of the checksum, which is
 * computed for each piece when it is cut (`large-segment.ts`).
 */
export function writePieceOctets(bytes: Uint8Array, offset: number, octets: number): void {
  write16(bytes, offset + CHECKSUM, octets);
}

export function pieceOctetsOf(bytes: Uint8Array, offset: number): number {
  return read16(bytes, offset + CHECKSUM);
}

/** The twin of `parseSegment`: the payload of an IPv4 packet, in a buffer of its own. */
export function serializeSegment(
  segment: Omit<TcpSegment, "kind">,
  source: Ipv4Address,
  destination: Ipv4Address,
): Uint8Array {
  const headerLength = MIN_HEADER + optionsLength(segment.options);
  const bytes = new Uint8Array(headerLength + segment.payload.length);
  writeHeader(bytes, 0, segment);
  bytes.set(segment.payload, headerLength);
  sealSegment(bytes, 0, bytes.length, source, destination);
  return bytes;
}

/** Over a segment that carries its checksum this is 0; over one whose field is 0 it is the checksum. */
function segmentChecksum(
  bytes: Uint8Array,
  offset: number,
  length: number,
  source: Ipv4Address,
  destination: Ipv4Address,
): number {
  const pseudoHeader = pseudoHeaderSum(source, destination, ipProtocol.tcp, length);
  return internetChecksum(bytes, offset, offset + length, pseudoHeader);
}

/** Octets of sequence space that a segment takes: its payload, and one each for SYN and FIN. */
export function sequenceLength(segment: TcpSegment): number {
  return segment.payload.length + (segment.flags & SYN ? 1 : 0) + (segment.flags & FIN ? 1 : 0);
}

function read16(bytes: Uint8Array, at: number): number {
  return (bytes[at]! << 8) | bytes[at + 1]!;
}

function read32(bytes: Uint8Array, at: number): number {
  return ((bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!) >>> 0;
}

function write16(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value >>> 8;
  bytes[at + 1] = value;
}

function write32(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value >>> 24;
  bytes[at + 1] = value >>> 16;
  bytes[at + 2] = value >>> 8;
  bytes[at + 3] = value;
}
