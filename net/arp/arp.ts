// ARP for IPv4 over Ethernet, RFC 826.
import { etherType } from "../ethernet/ethernet.ts";
import { type MacAddress, readMac, writeMac } from "../ethernet/mac.ts";
import { type Malformed, malformed } from "../ethernet/malformed.ts";
import { readU16, readU32, writeU16, writeU32 } from "../ethernet/octets.ts";
import type { Ipv4Address } from "../ipv4/address.ts";

const HARDWARE_TYPE = 0;
const PROTOCOL_TYPE = 2;
const HARDWARE_LENGTH = 4;
const PROTOCOL_LENGTH = 5;
const OPERATION = 6;
const SENDER_MAC = 8;
const SENDER_ADDRESS = 14;
const TARGET_MAC = 18;
const TARGET_ADDRESS = 24;
export const ARP_BYTES = 28;

const HARDWARE_ETHERNET = 1;

export const arpOperation = { request: 1, reply: 2 } as const;

export interface ArpPacket {
  readonly kind: "arp";
  /** One of `arpOperation`, or any other number. */
  readonly operation: number;
  readonly senderMac: MacAddress;
  /** 0 in a probe (RFC 5227 section 2.1.1): the sender asks before it takes an address. */
  readonly senderAddress: Ipv4Address;
  readonly targetMac: MacAddress;
  readonly targetAddress: Ipv4Address;
}

/** Reads the payload of a frame; what follows the 28 bytes is padding. */
export function parseArp(bytes: Uint8Array): ArpPacket | Malformed {
  if (bytes.length < ARP_BYTES) return malformed("truncated");
  if (
    readU16(bytes, HARDWARE_TYPE) !== HARDWARE_ETHERNET ||
    readU16(bytes, PROTOCOL_TYPE) !== etherType.ipv4 ||
    bytes[HARDWARE_LENGTH] !== 6 ||
    bytes[PROTOCOL_LENGTH] !== 4
  ) {
    return malformed("unsupported");
  }
  return {
    kind: "arp",
    operation: readU16(bytes, OPERATION),
    senderMac: readMac(bytes, SENDER_MAC),
    senderAddress: readU32(bytes, SENDER_ADDRESS),
    targetMac: readMac(bytes, TARGET_MAC),
    targetAddress: readU32(bytes, TARGET_ADDRESS),
  };
}

export function serializeArp(packet: Omit<ArpPacket, "kind">): Uint8Array {
  const bytes = new Uint8Array(ARP_BYTES);
  writeU16(bytes, HARDWARE_TYPE, HARDWARE_ETHERNET);
  writeU16(bytes, PROTOCOL_TYPE, etherType.ipv4);
  bytes[HARDWARE_LENGTH] = 6;
  bytes[PROTOCOL_LENGTH] = 4;
  writeU16(bytes, OPERATION, packet.operation);
  writeMac(bytes, SENDER_MAC, packet.senderMac);
  writeU32(bytes, SENDER_ADDRESS, packet.senderAddress);
  writeMac(bytes, TARGET_MAC, packet.targetMac);
  writeU32(bytes, TARGET_ADDRESS, packet.targetAddress);
  return bytes;
}
