// The argument of command 3, "Reserve/Release": AoEr11 section 3.4. Whose ATA commands a target takes; an empty list: everyone's.
import { MAC_BYTES, type MacAddress, readMac, writeMac } from "../ethernet/mac.ts";
import { type Malformed, malformed } from "../ethernet/malformed.ts";

const COMMAND = 0;
const COUNT = 1;
export const RESERVE_HEADER_BYTES = 2;

export const reserveCommand = {
  read: 0,
  /** Replace the list: for those who are on it, and for everyone while it is empty. An empty one releases. */
  set: 1,
  /** Replace the list, whoever asks. */
  forceSet: 2,
} as const;

export interface ReserveMessage {
  readonly kind: "reserve";
  /** One of `reserveCommand`, or any other number. */
  readonly command: number;
  readonly macs: readonly MacAddress[];
}

export function parseReserveMessage(argument: Uint8Array): ReserveMessage | Malformed {
  if (argument.length < RESERVE_HEADER_BYTES) return malformed("truncated");
  const count = argument[COUNT]!;
  if (argument.length < RESERVE_HEADER_BYTES + count * MAC_BYTES) return malformed("truncated");
  const macs: MacAddress[] = [];
  for (let index = 0; index < count; index++) {
    macs.push(readMac(argument, RESERVE_HEADER_BYTES + index * MAC_BYTES));
  }
  return { kind: "reserve", command: argument[COMMAND]!, macs };
}

export function serializeReserveMessage(message: Omit<ReserveMessage, "kind">): Uint8Array {
  const bytes = new Uint8Array(RESERVE_HEADER_BYTES + message.macs.length * MAC_BYTES);
  bytes[COMMAND] = message.command;
  bytes[COUNT] = message.macs.length;
  for (const [index, mac] of message.macs.entries()) {
    writeMac(bytes, RESERVE_HEADER_BYTES + index * MAC_BYTES, mac);
  }
  return bytes;
}
