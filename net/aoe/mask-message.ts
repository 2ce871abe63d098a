// The argument of command 2, "MAC mask list": AoEr11 section 3.3. Who may speak to a target; an empty list lets everyone.
import { type MacAddress, readMac, writeMac } from "../ethernet/mac.ts";
import { type Malformed, malformed } from "../ethernet/malformed.ts";

const COMMAND = 1;
const ERROR = 2;
const COUNT = 3;
export const MASK_HEADER_BYTES = 4;
export const MASK_DIRECTIVE_BYTES = 8;
const DIRECTIVE_COMMAND = 1;
const DIRECTIVE_MAC = 2;

export const maskCommand = { read: 0, edit: 1 } as const;
export const maskError = { unspecified: 1, badDirective: 2, listFull: 3 } as const;
export const maskDirective = { none: 0, add: 1, remove: 2 } as const;

export interface MaskDirective {
  /** One of `maskDirective`, or any other number. */
  readonly command: number;
  readonly mac: MacAddress;
}

export interface MaskMessage {
  readonly kind: "mask-list";
  /** One of `maskCommand`, or any other number. */
  readonly command: number;
  /** 0, one of `maskError`, or any other number. */
  readonly error: number;
  /** The list, or what is to be changed. */
  readonly directives: readonly MaskDirective[];
  /** How many directives the message claims; in an error, which one was wrong. */
  readonly count: number;
}

/** A response with an error counts directives that it does not carry. */
export function parseMaskMessage(argument: Uint8Array): MaskMessage | Malformed {
  if (argument.length < MASK_HEADER_BYTES) return malformed("truncated");
  const error = argument[ERROR]!;
  const count = argument[COUNT]!;
  const directives: MaskDirective[] = [];
  if (error === 0) {
    if (argument.length < MASK_HEADER_BYTES + count * MASK_DIRECTIVE_BYTES) return malformed("truncated");
    for (let index = 0; index < count; index++) {
      const at = MASK_HEADER_BYTES + index * MASK_DIRECTIVE_BYTES;
      directives.push({
        command: argument[at + DIRECTIVE_COMMAND]!,
        mac: readMac(argument, at + DIRECTIVE_MAC),
      });
    }
  }
  return { kind: "mask-list", command: argument[COMMAND]!, error, directives, count };
}

export function serializeMaskMessage(message: Omit<MaskMessage, "kind">): Uint8Array {
  const bytes = new Uint8Array(MASK_HEADER_BYTES + message.directives.length * MASK_DIRECTIVE_BYTES);
  bytes[COMMAND] = message.command;
  bytes[ERROR] = message.error;
  bytes[COUNT] = message.count;
  for (const [index, { command, mac }] of message.directives.entries()) {
    const at = MASK_HEADER_BYTES + index * MASK_DIRECTIVE_BYTES;
    bytes[at + DIRECTIVE_COMMAND] = command;
    writeMac(bytes, at + DIRECTIVE_MAC, mac);
  }
  return bytes;
}
