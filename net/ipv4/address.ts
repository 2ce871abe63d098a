/** An IPv4 address as an unsigned 32-bit number: 10.86.0.1 is 0x0a560001. */
export type Ipv4Address = number;

/** Writes an address in dotted-decimal form. */
export function formatIpv4(address: Ipv4Address): string {
  return `${address >>> 24}.${(address >>> 16) & 255}.${(address >>> 8) & 255}.${address & 255}`;
}

/** Reads dotted-decimal form; `undefined` when it is anything else (leading zeros included: they mean octal elsewhere). */
export function parseIpv4(text: string): Ipv4Address | undefined {
  const parts = text.split(".");
  if (parts.length !== 4) return undefined;
  let address = 0;
  for (const part of parts) {
    if (!/^(0|[1-9][0-9]{0,2})$/.test(part)) return undefined;
    const octet = Number(part);
    if (octet > 255) return undefined;
    address = address * 256 + octet;
  }
  return address;
}

/** The limited broadcast, 255.255.255.255: everyone on the segment, and all that a host without an address can say. */
export const BROADCAST_ADDRESS: Ipv4Address = 0xffffffff;
/** 0.0.0.0: "this host", before it has an address. */
export const UNSPECIFIED_ADDRESS: Ipv4Address = 0;

/** The addresses whose first `prefixLength` bits are those of `address`: 10.86.0.0/24. */
export interface Ipv4Network {
  readonly address: Ipv4Address;
  /** 0 to 32. */
  readonly prefixLength: number;
}

/** 255.255.255.0 for a prefix of 24. */
export function netmask(prefixLength: number): Ipv4Address {
  return prefixLength === 0 ? 0 : (0xffffffff << (32 - prefixLength)) >>> 0;
}

export function isInNetwork(address: Ipv4Address, network: Ipv4Network): boolean {
  return ((address ^ network.address) & netmask(network.prefixLength)) === 0;
}

/** The directed broadcast, 10.86.0.255 for 10.86.0.0/24. */
export function broadcastOf(network: Ipv4Network): Ipv4Address {
  return (network.address | ~netmask(network.prefixLength)) >>> 0;
}

/** 224.0.0.0/4 (RFC 5771). */
export function isMulticastAddress(address: Ipv4Address): boolean {
  return address >>> 28 === 0xe;
}
