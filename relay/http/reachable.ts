import { type NetworkInterfaceInfo, networkInterfaces } from "node:os";
import { isWildcard } from "../access/hosts.ts";

type Interfaces = NodeJS.Dict<NetworkInterfaceInfo[]>;

/**
 * The address for a link to a server that listens on `host`: that itself, or, where it is all addresses of this machine, the first
 * of them that others can reach, before that of the loopback interface.
 */
export function reachableHost(host: string, interfaces: Interfaces = networkInterfaces()): string {
  if (!isWildcard(host)) return host;
  const others = Object.values(interfaces)
    .flatMap((each) => each ?? [])
    .filter(({ internal }) => !internal);
  const first =
    others.find(({ family }) => family === "IPv4") ??
    // Link-local addresses mean nothing in a link: they want a zone.
    (host === "::" ? others.find(({ address }) => !address.startsWith("fe80:")) : undefined);
  return first?.address ?? "127.0.0.1";
}
