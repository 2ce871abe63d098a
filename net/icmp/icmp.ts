// ICMP, RFC 792: echo and destination unreachable; every other type passes through.
import { type Malformed, malformed } from "../ethernet/malformed.ts";
import { readU16, writeU16 } from "../ethernet/octets.ts";
import { internetChecksum } from "../ipv4/checksum.ts";

const TYPE = 0;
const CODE = 1;
const CHECKSUM = 2;
/** Echo: identifier. Destination unreachable: unused. */
const IDENTIFIER = 4;
/** Echo: sequence number. Destination unreachable: MTU of the next hop (RFC 1191 section 4). */
const SEQUENCE = 6;
const BODY = 8;

export const icmpType = { echoReply: 0, destinationUnreachable: 3, echoRequest: 8 } as const;

/** Codes of destination unreachable. */
export const unreachable = { network: 0, host: 1, protocol: 2, port: 3, fragmentationNeeded: 4 } as const;

export type IcmpMessage =
  | {
      readonly kind: "echo-request" | "echo-reply";
      readonly identifier: number;
      readonly sequence: number;
      /** Borrowed. */
      readonly data: Uint8Array;
    }
  | {
      readonly kind: "destination-unreachable";
      /** One of `unreachable`, or any other number. */
      readonly code: number;
      /** 0 unless the code is `fragmentationNeeded`. */
      readonly nextHopMtu: number;
      /** The header of the packet that could not be delivered and at least 8 bytes of its payload. Borrowed. */
      readonly original: Uint8Array;
    }
  | {
      readonly kind: "other";
      readonly type: number;
      readonly code: number;
      /** All that follows the checksum. Borrowed. */
      readonly body: Uint8Array;
    };

export function parseIcmp(bytes: Uint8Array): IcmpMessage | Malformed {
  if (bytes.length < BODY) return malformed("truncated");
  if (internetChecksum(bytes, 0, bytes.length) !== 0) return malformed("bad-checksum");
  const type = bytes[TYPE]!;
  const code = bytes[CODE]!;
  switch (type) {
    case icmpType.echoRequest:
    case icmpType.echoReply:
      if (code !== 0) return { kind: "other", type, code, body: bytes.subarray(IDENTIFIER) };
      return {
        kind: type === icmpType.echoRequest ? "echo-request" : "echo-reply",
        identifier: readU16(bytes, IDENTIFIER),
        sequence: readU16(bytes, SEQUENCE),
        data: bytes.subarray(BODY),
      };
    case icmpType.destinationUnreachable:
      return {
        kind: "destination-unreachable",
        code,
        nextHopMtu: readU16(bytes, SEQUENCE),
        original: bytes.subarray(BODY),
      };
    default:
      return { kind: "other", type, code, body: bytes.subarray(IDENTIFIER) };
  }
}

/** How many bytes `writeIcmp` fills. */
export function icmpLength(message: IcmpMessage): number {
  switch (message.kind) {
    case "echo-request":
    case "echo-reply":
      return BODY + message.data.length;
    case "destination-unreachable":
      return BODY + message.original.length;
    case "other":
      return IDENTIFIER + message.body.length;
    default:
      return message satisfies never;
  }
}

/** Writes a message in place, checksum included. The bytes that it fills must be 0. */
export function writeIcmp(bytes: Uint8Array, at: number, message: IcmpMessage): void {
  switch (message.kind) {
    case "echo-request":
    case "echo-reply":
      bytes[at + TYPE] = message.kind === "echo-request" ? icmpType.echoRequest : icmpType.echoReply;
      writeU16(bytes, at + IDENTIFIER, message.identifier);
      writeU16(bytes, at + SEQUENCE, message.sequence);
      bytes.set(message.data, at + BODY);
      break;
    case "destination-unreachable":
      bytes[at + TYPE] = icmpType.destinationUnreachable;
      bytes[at + CODE] = message.code;
      writeU16(bytes, at + SEQUENCE, message.nextHopMtu);
      bytes.set(message.original, at + BODY);
      break;
    case "other":
      bytes[at + TYPE] = message.type;
      bytes[at + CODE] = message.code;
      bytes.set(message.body, at + IDENTIFIER);
      break;
    default:
      message satisfies never;
  }
  writeU16(bytes, at + CHECKSUM, internetChecksum(bytes, at, at + icmpLength(message)));
}

export function serializeIcmp(message: IcmpMessage): Uint8Array {
  const bytes = new Uint8Array(icmpLength(message));
  writeIcmp(bytes, 0, message);
  return bytes;
}
