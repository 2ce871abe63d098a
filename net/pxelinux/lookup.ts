import { formatMac, type MacAddress } from "../ethernet/mac.ts";
import type { Ipv4Address } from "../ipv4/address.ts";

/** What PXELINUX knows of its machine when it looks for its config file. */
export interface LookupFacts {
  /** DHCP option 209 (RFC 5071, section 4), where the server sent it. */
  readonly configFile?: string;
  /** From the firmware, in any case; undefined where the firmware has none. */
  readonly uuid?: string;
  /** Undefined where it is not known yet: the file that has its name is left out. */
  readonly mac?: MacAddress;
  /** The machine's own. */
  readonly address: Ipv4Address;
}

/**
 * The files that PXELINUX asks for, in this order, until it gets one (pxelinux.txt, "How to configure PXELINUX"): that of
 * option 209, the UUID's, `01-` (Ethernet, RFC 1700) with the MAC address, the address in hexadecimal with a digit fewer each
 * time, `default`. All are relative to the path prefix: option 210, or the folder of pxelinux.0.
 */
export function configNames(facts: LookupFacts): string[] {
  const address = facts.address.toString(16).toUpperCase().padStart(8, "0");
  const names = [
    ...(facts.uuid === undefined ? [] : [facts.uuid.toLowerCase()]),
    ...(facts.mac === undefined ? [] : [bootInterface(facts.mac)]),
    ...Array.from(address, (_, index) => address.slice(0, address.length - index)),
    "default",
  ].map((name) => `pxelinux.cfg/${name}`);
  return facts.configFile === undefined ? names : [facts.configFile, ...names];
}

/** A card's address as PXELINUX writes it: the hardware type, which for Ethernet is 01, in front, and dashes between. */
export function bootInterface(mac: MacAddress): string {
  return `01-${formatMac(mac).replaceAll(":", "-")}`;
}
