// Ethernet II framing: IEEE 802.3 section 3.1 with a type, not a length, in the third field. No FCS on our wire.
import { type MacAddress, readMac, writeMac } from "./mac.ts";
import { type Malformed, malformed } from "./malformed.ts";
import { readU16, writeU16 } from "./octets.ts";

const DESTINATION = 0;
const SOURCE = 6;
const TYPE = 12;
export const ETHERNET_HEADER_BYTES = 14;

/** The assigned types that netroot meets (IANA, "IEEE 802 Numbers"). */
export const etherType = {
  ipv4: 0x0800,
  arp: 0x0806,
  vlan: 0x8100,
  ipv6: 0x86dd,
  aoe: 0x88a2,
} as const;

export interface EthernetFrame {
  readonly kind: "ethernet";
  readonly destination: MacAddress;
  readonly source: MacAddress;
  /** One of `etherType`, or any other number: unknown types pass through. Below 0x0600 it is a length (802.3). */
  readonly type: number;
  /** Borrowed from the frame; may carry padding after what the next protocol says is its end. */
  readonly payload: Uint8Array;
}

export function parseEthernet(frame: Uint8Array): EthernetFrame | Malformed {
  if (frame.length < ETHERNET_HEADER_BYTES) return malformed("truncated");
  return {
    kind: "ethernet",
    destination: readMac(frame, DESTINATION),
    source: readMac(frame, SOURCE),
    type: readU16(frame, TYPE),
    payload: frame.subarray(ETHERNET_HEADER_BYTES),
  };
}

/** A new frame, not padded to Ethernet's 60 bytes: our wire has no shortest frame. */
export function serializeEthernet(frame: Omit<EthernetFrame, "kind">): Uint8Array {
  const bytes = new Uint8Array(ETHERNET_HEADER_BYTES + frame.payload.length);
  writeEthernetHeader(bytes, frame.destination, frame.source, frame.type);
  bytes.set(frame.payload, ETHERNET_HEADER_BYTES);
  return bytes;
}

/** Writes the header in place, into the first 14 bytes. */
export function writeEthernetHeader(
  frame: Uint8Array,
  destination: MacAddress,
  source: MacAddress,
  type: number,
): void {
  writeMac(frame, DESTINATION, destination);
  writeMac(frame, SOURCE, source);
  writeU16(frame, TYPE, type);
}
