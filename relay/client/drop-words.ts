import type { GuardReason } from "../../net/segment/port-guard.ts";

/**
 * What a person is told about the first frame of a client that was dropped for a reason. Not told of are what every client
 * sends and nobody misses, and what makes no sense at all.
 */
export const dropWords: Readonly<Partial<Record<GuardReason, string>>> = {
  sourceMac: "it sent from a second MAC address. Only its first one may be used: one machine a client",
  takenMac: "it has the MAC address of another client. Give each machine its own",
  asServer: "it sent as the boot server",
  sourceAddress:
    "it sent from an IPv4 address that is not its own. A boot entry with a static ip= has to name the leased address, or say ip=dhcp",
  takenAddress:
    "it sent from an IPv4 address that another client has. On a shared segment, boot entries say ip=dhcp",
  strayAddress: "it sent from an IPv4 address outside of the segment's network",
  arpSender: "it spoke ARP for another station",
  dhcpServer: "it answered as a DHCP server",
  dhcpOfAnother: "it asked for a DHCP lease for another station",
  aoeTarget: "it answered as an AoE target",
};
