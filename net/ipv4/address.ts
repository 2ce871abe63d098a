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
