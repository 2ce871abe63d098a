import type { MacAddress } from "../../net/ethernet/mac.ts";
import { parseIpv4 } from "../../net/ipv4/address.ts";
import { type SysAppendFacts, sysAppendNames, sysAppendWords } from "../../net/pxelinux/sysappend.ts";
import type { RelayStatus } from "../../net/status/status.ts";

/**
 * What SYSAPPEND can say of the machine before it is switched on: its card's address, and its own where the relay knows it
 * beforehand.
 */
export function factsOf(
  { server, client, netmask }: RelayStatus["network"],
  mac: MacAddress,
): SysAppendFacts {
  const ours = parseIpv4(server);
  const theirs = parseIpv4(client);
  const mask = netmask === undefined ? undefined : parseIpv4(netmask);
  if (ours === undefined || theirs === undefined || mask === undefined) return { mac };
  return { mac, ip: { client: theirs, server: ours, gateway: ours, netmask: mask } };
}

/** What SYSAPPEND does to a command line, in words; empty where there is none. */
export function sysAppendNote(mask: number, facts: SysAppendFacts): string {
  const added = sysAppendWords(mask, facts);
  const names = added.map((word) => word.slice(0, word.indexOf("=")));
  const missing = sysAppendNames(mask).filter((name) => !names.includes(name));
  return [
    ...(added.length === 0 ? [] : [`SYSAPPEND adds \`${added.join(" ")}\`.`]),
    ...(missing.length === 0
      ? []
      : [`SYSAPPEND cannot add ${missing.join(", ")}: not known of this machine.`]),
  ].join(" ");
}
