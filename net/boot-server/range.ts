import { broadcastOf, type Ipv4Address, netmask } from "../ipv4/address.ts";

/** Where leases begin in a network that is large enough: 10.86.0.100. */
const FIRST_HOST = 100;

/**
 * The addresses to lease when nothing else is said: from the network's hundredth, or, in a network smaller than 128, from the
 * one after the server's. The server is expected at the network's beginning.
 */
export function leasedRange(
  server: Ipv4Address,
  prefixLength: number,
): { readonly firstAddress: Ipv4Address; readonly lastAddress: Ipv4Address } {
  const network = { address: server, prefixLength };
  const base = (server & netmask(prefixLength)) >>> 0;
  const lastAddress = broadcastOf(network) - 1;
  const hundredth = base + FIRST_HOST;
  const firstAddress = hundredth < lastAddress && hundredth > server ? hundredth : server + 1;
  return { firstAddress, lastAddress };
}
