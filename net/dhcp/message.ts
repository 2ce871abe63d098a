// DHCP messages, RFC 2131 section 2, in the frame of BOOTP (RFC 951).
import { type Malformed, malformed } from "../ethernet/malformed.ts";
import { octetsFromText, readU16, readU32, textFromOctets, writeU16, writeU32 } from "../ethernet/octets.ts";
import type { Ipv4Address } from "../ipv4/address.ts";
import { collectOptions, type DhcpOptions, parseDhcpOptions, serializeDhcpOptions } from "./options.ts";

const OP = 0;
const HTYPE = 1;
const HLEN = 2;
const HOPS = 3;
const XID = 4;
const SECS = 8;
const FLAGS = 10;
const CIADDR = 12;
const YIADDR = 16;
const SIADDR = 20;
const GIADDR = 24;
const CHADDR = 28;
const CHADDR_BYTES = 16;
const SNAME = 44;
const SNAME_BYTES = 64;
const FILE = 108;
const FILE_BYTES = 128;
const MAGIC_COOKIE = 236;
const OPTIONS = 240;

const COOKIE = 0x63825363;
const FLAG_BROADCAST = 0x8000;
/** Option 52 (RFC 2132 section 9.3): the file field (1), the server name field (2), or both hold options. */
const OVERLOAD = 52;
/** BOOTP's size: some old clients and relays drop anything shorter (RFC 1542 section 2.1). */
const SMALLEST_MESSAGE_BYTES = 300;

export const dhcpPort = { server: 67, client: 68 } as const;
export const bootpOperation = { request: 1, reply: 2 } as const;

export interface DhcpMessage {
  readonly kind: "dhcp";
  /** One of `bootpOperation`. */
  readonly operation: number;
  /** 1 is Ethernet. */
  readonly hardwareType: number;
  readonly hops: number;
  readonly transactionId: number;
  readonly seconds: number;
  /** The client cannot take unicast before it has its address. */
  readonly broadcast: boolean;
  /** ciaddr: the address that the client has and answers to. */
  readonly clientAddress: Ipv4Address;
  /** yiaddr: the address that it gets. */
  readonly yourAddress: Ipv4Address;
  /** siaddr: the server to boot from next. */
  readonly serverAddress: Ipv4Address;
  /** giaddr: the relay agent's. */
  readonly relayAddress: Ipv4Address;
  /** chaddr, as long as it says it is; at most 16 bytes. */
  readonly clientHardware: Uint8Array;
  /** sname, unless the field holds options. */
  readonly serverName: string;
  /** file, unless the field holds options. */
  readonly bootFile: string;
  readonly options: DhcpOptions;
}

/** Reads a datagram's payload. Byte values in the result are borrowed from it. */
export function parseDhcp(bytes: Uint8Array): DhcpMessage | Malformed {
  if (bytes.length < OPTIONS) return malformed("truncated");
  if (readU32(bytes, MAGIC_COOKIE) !== COOKIE) return malformed("unsupported");
  const hardwareLength = bytes[HLEN]!;
  if (hardwareLength > CHADDR_BYTES) return malformed("bad-length");

  const found = new Map<number, Uint8Array[]>();
  collectOptions(bytes.subarray(OPTIONS), found);
  const overload = found.get(OVERLOAD)?.[0]?.[0] ?? 0;
  found.delete(OVERLOAD);
  const file = bytes.subarray(FILE, FILE + FILE_BYTES);
  const serverName = bytes.subarray(SNAME, SNAME + SNAME_BYTES);
  // In this order: RFC 3396 section 5.
  if ((overload & 1) !== 0) collectOptions(file, found);
  if ((overload & 2) !== 0) collectOptions(serverName, found);
  found.delete(OVERLOAD);

  return {
    kind: "dhcp",
    operation: bytes[OP]!,
    hardwareType: bytes[HTYPE]!,
    hops: bytes[HOPS]!,
    transactionId: readU32(bytes, XID),
    seconds: readU16(bytes, SECS),
    broadcast: (readU16(bytes, FLAGS) & FLAG_BROADCAST) !== 0,
    clientAddress: readU32(bytes, CIADDR),
    yourAddress: readU32(bytes, YIADDR),
    serverAddress: readU32(bytes, SIADDR),
    relayAddress: readU32(bytes, GIADDR),
    clientHardware: bytes.subarray(CHADDR, CHADDR + hardwareLength),
    serverName: (overload & 2) !== 0 ? "" : textUpToZero(serverName),
    bootFile: (overload & 1) !== 0 ? "" : textUpToZero(file),
    options: parseDhcpOptions(found),
  };
}

/** Writes a message, all options in the options field. A name that does not fit its field is cut. */
export function serializeDhcp(message: Omit<DhcpMessage, "kind">): Uint8Array {
  const options = serializeDhcpOptions(message.options);
  const bytes = new Uint8Array(Math.max(SMALLEST_MESSAGE_BYTES, OPTIONS + options.length));
  bytes[OP] = message.operation;
  bytes[HTYPE] = message.hardwareType;
  bytes[HLEN] = message.clientHardware.length;
  bytes[HOPS] = message.hops;
  writeU32(bytes, XID, message.transactionId);
  writeU16(bytes, SECS, message.seconds);
  writeU16(bytes, FLAGS, message.broadcast ? FLAG_BROADCAST : 0);
  writeU32(bytes, CIADDR, message.clientAddress);
  writeU32(bytes, YIADDR, message.yourAddress);
  writeU32(bytes, SIADDR, message.serverAddress);
  writeU32(bytes, GIADDR, message.relayAddress);
  bytes.set(message.clientHardware.subarray(0, CHADDR_BYTES), CHADDR);
  bytes.set(octetsFromText(message.serverName).subarray(0, SNAME_BYTES), SNAME);
  bytes.set(octetsFromText(message.bootFile).subarray(0, FILE_BYTES), FILE);
  writeU32(bytes, MAGIC_COOKIE, COOKIE);
  bytes.set(options, OPTIONS);
  return bytes;
}

function textUpToZero(field: Uint8Array): string {
  const end = field.indexOf(0);
  return textFromOctets(end < 0 ? field : field.subarray(0, end));
}
