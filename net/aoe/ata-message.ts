// The argument of command 0, "Issue ATA command": AoEr11 section 3.1. The registers of an ATA device, and its data.
import { type Malformed, malformed } from "../ethernet/malformed.ts";
import { concatOctets } from "../ethernet/octets.ts";
import { AOE_HEADER_BYTES } from "./message.ts";

const FLAGS = 0;
const ERROR_FEATURE = 1;
const SECTORS = 2;
const COMMAND_STATUS = 3;
const LBA = 4;
const LBA_BYTES = 6;
export const ATA_HEADER_BYTES = 12;

const EXTENDED = 0x40;
const DEVICE = 0x10;
const ASYNCHRONOUS = 0x02;
const WRITE = 0x01;

export const SECTOR_BYTES = 512;

export interface AtaMessage {
  readonly kind: "ata";
  /** The command is one with a 48-bit address. */
  readonly extended: boolean;
  /** Bit 4 of the device/head register; it matters to `extended` commands only. */
  readonly device: boolean;
  /** The answer may come before the data is written. */
  readonly asynchronous: boolean;
  /** The request carries data for the device. */
  readonly write: boolean;
  /** To the device its feature register, from it the error register. */
  readonly errorFeature: number;
  /** To the device how many sectors, from it how many of them were not done. */
  readonly sectors: number;
  /** To the device its command register, from it the status register. */
  readonly commandStatus: number;
  /** The first sector: a number of 48 bits, of which commands that are not `extended` take 28. */
  readonly lba: number;
  /** Borrowed; may carry padding. */
  readonly data: Uint8Array;
}

/** How many sectors go into one frame at an MTU in bytes: 2 at 1500, 17 at 9000. The field has one byte. */
export function sectorsPerFrame(mtu: number): number {
  return Math.min(255, Math.floor((mtu - AOE_HEADER_BYTES - ATA_HEADER_BYTES) / SECTOR_BYTES));
}

export function parseAtaMessage(argument: Uint8Array): AtaMessage | Malformed {
  if (argument.length < ATA_HEADER_BYTES) return malformed("truncated");
  const flags = argument[FLAGS]!;
  // The lowest byte comes first.
  let lba = 0;
  for (let at = LBA_BYTES - 1; at >= 0; at--) lba = lba * 256 + argument[LBA + at]!;
  return {
    kind: "ata",
    extended: (flags & EXTENDED) !== 0,
    device: (flags & DEVICE) !== 0,
    asynchronous: (flags & ASYNCHRONOUS) !== 0,
    write: (flags & WRITE) !== 0,
    errorFeature: argument[ERROR_FEATURE]!,
    sectors: argument[SECTORS]!,
    commandStatus: argument[COMMAND_STATUS]!,
    lba,
    data: argument.subarray(ATA_HEADER_BYTES),
  };
}

export function serializeAtaMessage(message: Omit<AtaMessage, "kind">): Uint8Array {
  return concatOctets([serializeAtaHeader(message), message.data]);
}

/** All but the data. */
export function serializeAtaHeader(message: Omit<AtaMessage, "kind" | "data">): Uint8Array {
  const bytes = new Uint8Array(ATA_HEADER_BYTES);
  bytes[FLAGS] =
    (message.extended ? EXTENDED : 0) |
    (message.device ? DEVICE : 0) |
    (message.asynchronous ? ASYNCHRONOUS : 0) |
    (message.write ? WRITE : 0);
  bytes[ERROR_FEATURE] = message.errorFeature;
  bytes[SECTORS] = message.sectors;
  bytes[COMMAND_STATUS] = message.commandStatus;
  let rest = message.lba;
  for (let at = 0; at < LBA_BYTES; at++) {
    bytes[LBA + at] = rest % 256;
    rest = Math.floor(rest / 256);
  }
  return bytes;
}
