import { arpOperation, serializeArp } from "../../../net/arp/arp.ts";
import { etherType, parseEthernet, serializeEthernet } from "../../../net/ethernet/ethernet.ts";
import { BROADCAST_MAC, type MacAddress } from "../../../net/ethernet/mac.ts";
import { parseIcmp } from "../../../net/icmp/icmp.ts";
import { formatIpv4, type Ipv4Address } from "../../../net/ipv4/address.ts";
import { ipProtocol, parseIpv4Packet, serializeIpv4Packet } from "../../../net/ipv4/packet.ts";
import { ACK, NO_OPTIONS, parseSegment, RST, SYN, serializeSegment } from "../../../net/tcp/wire.ts";
import { serializeUdp } from "../../../net/udp/udp.ts";
import { BOOT_SERVER_MAC } from "../boot-network.ts";

/** Who sends, as it says, and where to. */
export interface Route {
  readonly mac: MacAddress;
  readonly source: Ipv4Address;
  readonly destination: Ipv4Address;
  readonly port: number;
  readonly sourcePort?: number;
}

/** A TCP SYN in a frame to the boot server's MAC address, as a guest sends it whose gateway that is. */
export function synFrame(route: Route): Uint8Array {
  const segment = {
    sourcePort: route.sourcePort ?? 4000,
    destinationPort: route.port,
    sequence: 1000,
    acknowledgment: 0,
    flags: SYN,
    window: 65535,
    options: NO_OPTIONS,
    payload: new Uint8Array(0),
  };
  return packetFrame(route, ipProtocol.tcp, serializeSegment(segment, route.source, route.destination));
}

export function datagramFrame(route: Route, payload: Uint8Array): Uint8Array {
  const datagram = { sourcePort: route.sourcePort ?? 4000, destinationPort: route.port, payload };
  return packetFrame(route, ipProtocol.udp, serializeUdp(datagram, route.source, route.destination));
}

/** "That address is mine", to everyone. */
export function arpClaim(mac: MacAddress, senderMac: MacAddress, address: Ipv4Address): Uint8Array {
  const payload = serializeArp({
    operation: arpOperation.reply,
    senderMac,
    senderAddress: address,
    targetMac: 0,
    targetAddress: address,
  });
  return serializeEthernet({ source: mac, destination: BROADCAST_MAC, type: etherType.arp, payload });
}

function packetFrame({ mac, source, destination }: Route, protocol: number, payload: Uint8Array): Uint8Array {
  const packet = serializeIpv4Packet({
    source,
    destination,
    protocol,
    timeToLive: 64,
    typeOfService: 0,
    identification: 0,
    dontFragment: true,
    moreFragments: false,
    fragmentOffset: 0,
    payload,
  });
  return serializeEthernet({
    source: mac,
    destination: BOOT_SERVER_MAC,
    type: etherType.ipv4,
    payload: packet,
  });
}

/** What a frame answers, in words: "RST from 10.86.0.1:22", "SYN ACK from …", "unreachable 3"; `undefined` for others. */
export function answerIn(frame: Uint8Array): string | undefined {
  const ethernet = parseEthernet(frame);
  if (ethernet.kind === "malformed" || ethernet.type !== etherType.ipv4) return undefined;
  const packet = parseIpv4Packet(ethernet.payload);
  if (packet.kind === "malformed") return undefined;
  if (packet.protocol === ipProtocol.icmp) {
    const message = parseIcmp(packet.payload);
    return message.kind === "destination-unreachable" ? `unreachable ${message.code}` : undefined;
  }
  if (packet.protocol !== ipProtocol.tcp) return undefined;
  const segment = parseSegment(packet.payload, packet.source, packet.destination);
  if (segment.kind === "malformed") return "damaged";
  const from = `${formatIpv4(packet.source)}:${segment.sourcePort}`;
  if (segment.flags & RST) return `RST from ${from}`;
  return (segment.flags & (SYN | ACK)) === (SYN | ACK) ? `SYN ACK from ${from}` : undefined;
}
