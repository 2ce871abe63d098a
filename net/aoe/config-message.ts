// The argument of command 1, "Query config information": AoEr11 section 3.2.
import { type Malformed, malformed } from "../ethernet/malformed.ts";
import { readU16, writeU16 } from "../ethernet/octets.ts";

const BUFFER_COUNT = 0;
const FIRMWARE = 2;
const SECTORS = 4;
const VERSION_COMMAND = 5;
const LENGTH = 6;
export const CONFIG_HEADER_BYTES = 8;
/** The longest config string, in bytes. */
export const MAX_CONFIG_BYTES = 1024;

export const configCommand = {
  /** Read the config string. */
  read: 0,
  /** Answer only if the argument is the config string. */
  test: 1,
  /** Answer only if the config string begins with the argument. */
  testPrefix: 2,
  /** Take the argument as config string if there is none yet. */
  set: 3,
  /** Take the argument as config string. */
  forceSet: 4,
} as const;

export interface ConfigMessage {
  readonly kind: "config";
  /** How many requests of one initiator may be under way; what comes on top is dropped. */
  readonly bufferCount: number;
  readonly firmwareVersion: number;
  /** The most sectors in one ATA command; 0 from a target that says nothing, and means 2. */
  readonly sectorsPerCommand: number;
  readonly aoeVersion: number;
  /** One of `configCommand`, or another number up to 15. */
  readonly command: number;
  /** Any bytes, at most `MAX_CONFIG_BYTES`. Borrowed. */
  readonly text: Uint8Array;
}

export function parseConfigMessage(argument: Uint8Array): ConfigMessage | Malformed {
  if (argument.length < CONFIG_HEADER_BYTES) return malformed("truncated");
  const length = readU16(argument, LENGTH);
  if (length > MAX_CONFIG_BYTES) return malformed("bad-length");
  if (argument.length < CONFIG_HEADER_BYTES + length) return malformed("truncated");
  return {
    kind: "config",
    bufferCount: readU16(argument, BUFFER_COUNT),
    firmwareVersion: readU16(argument, FIRMWARE),
    sectorsPerCommand: argument[SECTORS]!,
    aoeVersion: argument[VERSION_COMMAND]! >>> 4,
    command: argument[VERSION_COMMAND]! & 0x0f,
    text: argument.subarray(CONFIG_HEADER_BYTES, CONFIG_HEADER_BYTES + length),
  };
}

export function serializeConfigMessage(message: Omit<ConfigMessage, "kind">): Uint8Array {
  const bytes = new Uint8Array(CONFIG_HEADER_BYTES + message.text.length);
  writeU16(bytes, BUFFER_COUNT, message.bufferCount);
  writeU16(bytes, FIRMWARE, message.firmwareVersion);
  bytes[SECTORS] = message.sectorsPerCommand;
  bytes[VERSION_COMMAND] = (message.aoeVersion << 4) | message.command;
  writeU16(bytes, LENGTH, message.text.length);
  bytes.set(message.text, CONFIG_HEADER_BYTES);
  return bytes;
}
