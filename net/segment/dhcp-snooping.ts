import { dhcpPort, parseDhcp } from "../dhcp/message.ts";
import { dhcpMessageType } from "../dhcp/options.ts";
import { etherType, parseEthernet } from "../ethernet/ethernet.ts";
import { type MacAddress, readMac } from "../ethernet/mac.ts";
import { type Ipv4Address, UNSPECIFIED_ADDRESS } from "../ipv4/address.ts";
import { ipProtocol, parseIpv4Packet } from "../ipv4/packet.ts";
import { parseUdp } from "../udp/udp.ts";

/** An address that a DHCP server on the segment has given to a station. */
export interface SnoopedLease {
  readonly mac: MacAddress;
  readonly address: Ipv4Address;
}

const ETHERNET = { hardwareType: 1, addressBytes: 6 } as const;

/** The lease in a server's DHCPACK (RFC 2131 section 3.1, step 4), `undefined` for every other frame. What switches call DHCP snooping. */
export function snoopLease(frame: Uint8Array): SnoopedLease | undefined {
  const ethernet = parseEthernet(frame);
  if (ethernet.kind === "malformed" || ethernet.type !== etherType.ipv4) return undefined;
  const packet = parseIpv4Packet(ethernet.payload);
  if (packet.kind === "malformed" || packet.protocol !== ipProtocol.udp || packet.moreFragments)
    return undefined;
  const datagram = parseUdp(packet.payload, packet.source, packet.destination);
  if (datagram.kind === "malformed" || datagram.sourcePort !== dhcpPort.server) return undefined;
  const message = parseDhcp(datagram.payload);
  if (message.kind === "malformed" || message.options.messageType !== dhcpMessageType.ack) return undefined;
  const { hardwareType, clientHardware, yourAddress: address } = message;
  if (hardwareType !== ETHERNET.hardwareType || clientHardware.length !== ETHERNET.addressBytes)
    return undefined;
  // The answer to an INFORM leases nothing.
  if (address === UNSPECIFIED_ADDRESS) return undefined;
  return { mac: readMac(clientHardware, 0), address };
}
