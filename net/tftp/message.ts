// TFTP packets: RFC 1350 section 5, with the options of RFC 2347.
import { type Malformed, malformed } from "../ethernet/malformed.ts";
import { concatOctets, readU16, writeU16 } from "../ethernet/octets.ts";
import { decodeUtf8, encodeUtf8 } from "../nbd/text.ts";

export const TFTP_PORT = 69;
/** What stands before the bytes of a block. */
const DATA_HEADER_BYTES = 4;

const opcode = { read: 1, write: 2, data: 3, ack: 4, error: 5, optionAck: 6 } as const;

/** RFC 1350 appendix I; 8 is RFC 2347's. */
export const tftpErrorCode = {
  /** Only the message tells. */
  notDefined: 0,
  fileNotFound: 1,
  accessViolation: 2,
  diskFull: 3,
  illegalOperation: 4,
  unknownTransfer: 5,
  fileExists: 6,
  noSuchUser: 7,
  badOptions: 8,
} as const;

/** A name and its value, both as they were written. */
export type TftpOption = readonly [name: string, value: string];

export interface TftpRequest {
  readonly kind: "request";
  readonly operation: "read" | "write";
  readonly path: string;
  /** As it was written: "octet", "NetASCII", or nonsense. */
  readonly mode: string;
  readonly options: readonly TftpOption[];
}

export interface TftpData {
  readonly kind: "data";
  /** Modulo 65,536. */
  readonly block: number;
  /** Borrowed from the bytes that were parsed. */
  readonly bytes: Uint8Array;
}

export interface TftpAck {
  readonly kind: "ack";
  /** Modulo 65,536. */
  readonly block: number;
}

export interface TftpError {
  readonly kind: "error";
  readonly code: number;
  readonly message: string;
}

export interface TftpOptionAck {
  readonly kind: "option-ack";
  readonly options: readonly TftpOption[];
}

export type TftpMessage = TftpRequest | TftpData | TftpAck | TftpError | TftpOptionAck;

/**
 * Reads a datagram. Text is UTF-8, ended by a NUL; an error's may end with the datagram. Zeros behind the last option are
 * padding, as are bytes behind the number of an ACK.
 */
export function parseTftp(bytes: Uint8Array): TftpMessage | Malformed {
  if (bytes.length < 2) return malformed("truncated");
  const code = readU16(bytes, 0);
  switch (code) {
    case opcode.read:
    case opcode.write:
      return parseRequest(bytes, code === opcode.read ? "read" : "write");
    case opcode.data:
      if (bytes.length < DATA_HEADER_BYTES) return malformed("truncated");
      return { kind: "data", block: readU16(bytes, 2), bytes: bytes.subarray(DATA_HEADER_BYTES) };
    case opcode.ack:
      if (bytes.length < 4) return malformed("truncated");
      return { kind: "ack", block: readU16(bytes, 2) };
    case opcode.error:
      if (bytes.length < 4) return malformed("truncated");
      return { kind: "error", code: readU16(bytes, 2), message: decodeUtf8(upToNul(bytes, 4)) };
    case opcode.optionAck: {
      const options = parseOptions(bytes, 2);
      return options === undefined ? malformed("truncated") : { kind: "option-ack", options };
    }
    default:
      return malformed("unsupported");
  }
}

export function serializeTftp(message: TftpMessage): Uint8Array {
  switch (message.kind) {
    case "request":
      return concatOctets([
        numbers(opcode[message.operation]),
        ...[message.path, message.mode, ...message.options.flat()].map(text),
      ]);
    case "data":
      return concatOctets([numbers(opcode.data, message.block), message.bytes]);
    case "ack":
      return numbers(opcode.ack, message.block);
    case "error":
      return concatOctets([numbers(opcode.error, message.code), text(message.message)]);
    case "option-ack":
      return concatOctets([numbers(opcode.optionAck), ...message.options.flat().map(text)]);
  }
}

function parseRequest(bytes: Uint8Array, operation: "read" | "write"): TftpRequest | Malformed {
  const path = upToNul(bytes, 2);
  const modeAt = 2 + path.length + 1;
  if (modeAt > bytes.length) return malformed("truncated");
  const mode = upToNul(bytes, modeAt);
  const optionsAt = modeAt + mode.length + 1;
  if (optionsAt > bytes.length) return malformed("truncated");
  const options = parseOptions(bytes, optionsAt);
  if (options === undefined) return malformed("truncated");
  return { kind: "request", operation, path: decodeUtf8(path), mode: decodeUtf8(mode), options };
}

/** `undefined` when the last name or value does not end. */
function parseOptions(bytes: Uint8Array, from: number): TftpOption[] | undefined {
  const options: TftpOption[] = [];
  let at = from;
  while (at < bytes.length && bytes[at] !== 0) {
    const name = upToNul(bytes, at);
    const valueAt = at + name.length + 1;
    const value = upToNul(bytes, valueAt);
    at = valueAt + value.length + 1;
    if (at > bytes.length) return undefined;
    options.push([decodeUtf8(name), decodeUtf8(value)]);
  }
  return options;
}

/** The bytes before the next NUL, or before the end. */
function upToNul(bytes: Uint8Array, from: number): Uint8Array {
  const end = bytes.indexOf(0, from);
  return bytes.subarray(from, end < 0 ? bytes.length : end);
}

function numbers(...values: readonly number[]): Uint8Array {
  const bytes = new Uint8Array(2 * values.length);
  for (const [index, value] of values.entries()) writeU16(bytes, 2 * index, value);
  return bytes;
}

/** A NUL within would end the text: it is left out. */
function text(value: string): Uint8Array {
  return encodeUtf8(`${value.replaceAll("\0", "")}\0`);
}
