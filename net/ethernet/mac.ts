import { readU16, readU32, writeU16, writeU32 } from "./octets.ts";

/** An Ethernet (MAC) address as a 48-bit number: 02:00:00:00:00:01 is 0x020000000001. */
export type MacAddress = number;

export const MAC_BYTES = 6;
export const BROADCAST_MAC: MacAddress = 0xffffffffffff;

export function readMac(bytes: Uint8Array, at: number): MacAddress {
  return readU16(bytes, at) * 0x1_0000_0000 + readU32(bytes, at + 2);
}

export function writeMac(bytes: Uint8Array, at: number, mac: MacAddress): void {
  const high = Math.floor(mac / 0x1_0000_0000);
  writeU16(bytes, at, high);
  writeU32(bytes, at + 2, mac - high * 0x1_0000_0000);
}

/** Says whether frames to this address are for many: a multicast group, or everyone (broadcast). */
export function isMulticastMac(mac: MacAddress): boolean {
  return (Math.floor(mac / 0x100_0000_0000) & 1) === 1;
}

/** Writes an address as 02:00:00:00:00:01. */
export function formatMac(mac: MacAddress): string {
  const hex = mac.toString(16).padStart(12, "0");
  return hex.match(/../g)!.join(":");
}

/** Reads six pairs of hexadecimal digits with colons or hyphens between; `undefined` when it is anything else. */
export function parseMac(text: string): MacAddress | undefined {
  if (!/^[0-9a-f]{2}([:-])[0-9a-f]{2}(\1[0-9a-f]{2}){4}$/i.test(text)) return undefined;
  return Number.parseInt(text.replace(/[:-]/g, ""), 16);
}
