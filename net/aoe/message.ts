// The header that all ATA over Ethernet messages have: AoEr11 section 2, behind the Ethernet header.
import { ETHERNET_HEADER_BYTES, etherType, writeEthernetHeader } from "../ethernet/ethernet.ts";
import type { MacAddress } from "../ethernet/mac.ts";
import { type Malformed, malformed } from "../ethernet/malformed.ts";
import { readU16, readU32, writeU16, writeU32 } from "../ethernet/octets.ts";

const VERSION_FLAGS = 0;
const ERROR = 1;
const SHELF = 2;
const SLOT = 4;
const COMMAND = 5;
const TAG = 6;
export const AOE_HEADER_BYTES = 10;

export const AOE_VERSION = 1;
const RESPONSE = 0x08;
const FAILED = 0x04;

export const aoeCommand = { ata: 0, config: 1, maskList: 2, reserve: 3 } as const;

/** AoEr11 section 2.4. */
export const aoeError = {
  unknownCommand: 1,
  badArgument: 2,
  deviceUnavailable: 3,
  configPresent: 4,
  unsupportedVersion: 5,
  reserved: 6,
} as const;

export interface AoeMessage {
  readonly kind: "aoe";
  readonly version: number;
  /** From a target, not to one. */
  readonly response: boolean;
  /** One of `aoeError`, or any other number: the response says that the request failed. */
  readonly error: number | undefined;
  readonly shelf: number;
  readonly slot: number;
  /** One of `aoeCommand`, or any other number. */
  readonly command: number;
  /** The initiator's own; a response repeats it. 0 in an announcement. */
  readonly tag: number;
  /** Borrowed from the frame; may carry padding. */
  readonly argument: Uint8Array;
}

export type AoeHeader = Omit<AoeMessage, "kind" | "argument">;

/** Reads the payload of a frame. An error number without the error flag means nothing, and is not kept. */
export function parseAoe(bytes: Uint8Array): AoeMessage | Malformed {
  if (bytes.length < AOE_HEADER_BYTES) return malformed("truncated");
  const flags = bytes[VERSION_FLAGS]!;
  return {
    kind: "aoe",
    version: flags >>> 4,
    response: (flags & RESPONSE) !== 0,
    error: (flags & FAILED) === 0 ? undefined : bytes[ERROR]!,
    shelf: readU16(bytes, SHELF),
    slot: bytes[SLOT]!,
    command: bytes[COMMAND]!,
    tag: readU32(bytes, TAG),
    argument: bytes.subarray(AOE_HEADER_BYTES),
  };
}

export function serializeAoe(message: Omit<AoeMessage, "kind">): Uint8Array {
  const bytes = new Uint8Array(AOE_HEADER_BYTES + message.argument.length);
  writeAoeHeader(bytes, 0, message);
  bytes.set(message.argument, AOE_HEADER_BYTES);
  return bytes;
}

/** A whole frame, whose argument is in pieces: a sector is copied once. */
export function serializeAoeFrame(
  ethernet: { readonly destination: MacAddress; readonly source: MacAddress },
  header: AoeHeader,
  argument: readonly Uint8Array[],
): Uint8Array {
  let at = ETHERNET_HEADER_BYTES + AOE_HEADER_BYTES;
  const frame = new Uint8Array(argument.reduce((sum, piece) => sum + piece.length, at));
  writeEthernetHeader(frame, ethernet.destination, ethernet.source, etherType.aoe);
  writeAoeHeader(frame, ETHERNET_HEADER_BYTES, header);
  for (const piece of argument) {
    frame.set(piece, at);
    at += piece.length;
  }
  return frame;
}

function writeAoeHeader(bytes: Uint8Array, at: number, header: AoeHeader): void {
  const { error } = header;
  bytes[at + VERSION_FLAGS] =
    (header.version << 4) | (header.response ? RESPONSE : 0) | (error === undefined ? 0 : FAILED);
  bytes[at + ERROR] = error ?? 0;
  writeU16(bytes, at + SHELF, header.shelf);
  bytes[at + SLOT] = header.slot;
  bytes[at + COMMAND] = header.command;
  writeU32(bytes, at + TAG, header.tag);
}
