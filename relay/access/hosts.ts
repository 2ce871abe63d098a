import { isIP, isIPv6 } from "node:net";

/** A `Host` header, or a declared host. The name is lower-case, an address without brackets; no port where none was written. */
export interface Host {
  readonly name: string;
  readonly port: number | undefined;
}

/** Where a connection came in. */
export interface LocalEnd {
  /** As `net.Socket.localAddress` has it. */
  readonly address: string | undefined;
  readonly port: number | undefined;
}

/** The port that a browser leaves out of `Host`: the relay speaks plain HTTP. */
const HTTP_PORT = 80;

/** `uri-host [":" port]` (RFC 9110, section 7.2). `undefined` for anything else. */
export function parseHost(text: string): Host | undefined {
  const match = /^(?:\[([0-9a-f:.]{2,45})\]|([a-z0-9._-]{1,253}))(?::([0-9]{1,5}))?$/i.exec(text);
  if (match === null) return undefined;
  const [, address, name, digits] = match;
  if (address !== undefined && !isIPv6(address)) return undefined;
  const port = digits === undefined ? undefined : Number(digits);
  if (port !== undefined && (port < 1 || port > 65535)) return undefined;
  return { name: (name ?? canonicalIpv6(address!)).toLowerCase(), port };
}

/**
 * Whether the relay is meant by this `Host`. A page of another site whose name was made to resolve to us (DNS rebinding) names
 * that site here, and its browser lets it say nothing else; so a name counts only where it is declared, and an address only where
 * it is the one at which the connection arrived: the listen address, or one of this machine's own where all are listened on. Over
 * the loopback interface any port will do: it is that of an SSH forward or a container's, and no other site can have the address.
 */
export function isHostAllowed(
  host: Host,
  local: LocalEnd,
  { declared, listenHost }: { readonly declared: readonly Host[]; readonly listenHost: string },
): boolean {
  const { name, port = HTTP_PORT } = host;
  if (declared.some((each) => each.name === name && (each.port === undefined || each.port === port)))
    return true;
  const arrivedAt = plainAddress(local.address ?? "");
  if (isLoopback(arrivedAt) && isLoopback(name)) return true;
  return (
    port === local.port && (name === arrivedAt || name === listenHost.toLowerCase()) && !isWildcard(name)
  );
}

/** An address of the loopback interface, or the name that always means it (RFC 6761, section 6.3). */
export function isLoopback(host: string): boolean {
  return host === "localhost" || host === "::1" || (isIP(host) === 4 && host.startsWith("127."));
}

/** Listening there is listening on all addresses of the machine. */
export function isWildcard(host: string): boolean {
  return host === "0.0.0.0" || host === "::";
}

/** An IPv4 address that arrived at a socket of both families is written as one, and a zone is nothing that a URL can say. */
function plainAddress(address: string): string {
  return address.replace(/^::ffff:(?=[0-9.]+$)/i, "").replace(/%.*$/, "");
}

/** As URLs and sockets write it (RFC 5952). */
function canonicalIpv6(address: string): string {
  return new URL(`http://[${address}]`).hostname.slice(1, -1);
}
