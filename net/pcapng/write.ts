import { concatOctets } from "../ethernet/octets.ts";
import { encodeUtf8 } from "../nbd/text.ts";
import {
  BLOCK_FRAME_BYTES,
  BYTE_ORDER_MAGIC,
  blockOption,
  blockType,
  type CaptureDirection,
  direction,
  LINK_TYPE_ETHERNET,
  TIME_RESOLUTION,
} from "./blocks.ts";

export interface CaptureHeader {
  /** The program that wrote the file, as Wireshark shows it. */
  readonly application: string;
  readonly interfaceName: string;
  readonly comment?: string;
}

export interface CapturePacket {
  /** Milliseconds since 1970; kept to the microsecond. */
  readonly epochMs: number;
  readonly direction: CaptureDirection;
  /** An Ethernet frame without FCS. */
  readonly bytes: Uint8Array;
  /** How long the frame was, where only its beginning is here. */
  readonly originalLength?: number;
  readonly comment?: string;
}

/** The beginning of a file: one section, and one Ethernet interface in it. Packets go behind it, as they come. */
export function serializeCaptureHeader(header: CaptureHeader): Uint8Array {
  const section = new Uint8Array(16);
  const view = new DataView(section.buffer);
  view.setUint32(0, BYTE_ORDER_MAGIC, true);
  view.setUint16(4, 1, true);
  // The length of the section is not known yet, which is said by -1.
  view.setBigInt64(8, -1n, true);

  const card = new Uint8Array(8);
  new DataView(card.buffer).setUint16(0, LINK_TYPE_ETHERNET, true);
  return concatOctets([
    block(blockType.section, section, [
      ...comment(header.comment),
      [blockOption.application, encodeUtf8(header.application)],
    ]),
    block(blockType.interface, card, [
      [blockOption.name, encodeUtf8(header.interfaceName)],
      [blockOption.timeResolution, Uint8Array.of(TIME_RESOLUTION)],
    ]),
  ]);
}

export function serializeCapturePacket(packet: CapturePacket): Uint8Array {
  const { bytes, originalLength = bytes.length } = packet;
  const fixed = 20;
  const body = new Uint8Array(fixed + padded(bytes.length));
  const view = new DataView(body.buffer);
  const time = BigInt(Math.round(packet.epochMs * 1000));
  view.setUint32(4, Number(time >> 32n), true);
  view.setUint32(8, Number(time & 0xffffffffn), true);
  view.setUint32(12, bytes.length, true);
  view.setUint32(16, originalLength, true);
  body.set(bytes, fixed);
  const flags = new Uint8Array(4);
  flags[0] = packet.direction === "in" ? direction.inbound : direction.outbound;
  return block(blockType.packet, body, [...comment(packet.comment), [blockOption.flags, flags]]);
}

type Option = readonly [code: number, value: Uint8Array];

function comment(text: string | undefined): Option[] {
  return text === undefined ? [] : [[blockOption.comment, encodeUtf8(text)]];
}

/** The length of an option is a number of 16 bits: what is longer is cut. */
const LONGEST_OPTION_BYTES = 0xffff;

function block(type: number, body: Uint8Array, options: readonly Option[]): Uint8Array {
  const values = options.map(([code, value]) => [code, value.subarray(0, LONGEST_OPTION_BYTES)] as const);
  const optionBytes = values.reduce((sum, [, value]) => sum + 4 + padded(value.length), 4);
  const length = BLOCK_FRAME_BYTES + body.length + optionBytes;
  const bytes = new Uint8Array(length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, type, true);
  view.setUint32(4, length, true);
  bytes.set(body, 8);
  let at = 8 + body.length;
  for (const [code, value] of values) {
    view.setUint16(at, code, true);
    view.setUint16(at + 2, value.length, true);
    bytes.set(value, at + 4);
    at += 4 + padded(value.length);
  }
  // What is left is the end of the options, which is zero.
  view.setUint32(length - 4, length, true);
  return bytes;
}

/** Everything in a block begins at a multiple of four bytes. */
function padded(length: number): number {
  return (length + 3) & ~3;
}
