import {
  bootpOperation,
  type DhcpMessage,
  dhcpPort,
  parseDhcp,
  serializeDhcp,
} from "../../net/dhcp/message.ts";
import { type DhcpOptions, dhcpMessageType } from "../../net/dhcp/options.ts";
import { etherType, parseEthernet, serializeEthernet } from "../../net/ethernet/ethernet.ts";
import { BROADCAST_MAC, type MacAddress, writeMac } from "../../net/ethernet/mac.ts";
import { BROADCAST_ADDRESS, type Ipv4Address, UNSPECIFIED_ADDRESS } from "../../net/ipv4/address.ts";
import { ipProtocol, parseIpv4Packet, serializeIpv4Packet } from "../../net/ipv4/packet.ts";
import { parseUdp, serializeUdp } from "../../net/udp/udp.ts";

/** What a guest was given. */
export interface GuestLease {
  readonly address: Ipv4Address;
  readonly server: Ipv4Address;
  readonly options: DhcpOptions;
}

/** A client's DHCP message in a whole frame, to everyone; from a station that has no address yet unless one is given. */
export function dhcpFrame(
  mac: MacAddress,
  transactionId: number,
  options: DhcpOptions,
  clientAddress: Ipv4Address = UNSPECIFIED_ADDRESS,
): Uint8Array {
  const clientHardware = new Uint8Array(6);
  writeMac(clientHardware, 0, mac);
  const message = serializeDhcp({
    operation: bootpOperation.request,
    hardwareType: 1,
    hops: 0,
    transactionId,
    seconds: 0,
    broadcast: true,
    clientAddress,
    yourAddress: 0,
    serverAddress: 0,
    relayAddress: 0,
    clientHardware,
    serverName: "",
    bootFile: "",
    options,
  });
  return dhcpPayloadFrame(mac, message, clientAddress);
}

/** A client's DHCP message, written already, in a whole frame to everyone. */
export function dhcpPayloadFrame(
  mac: MacAddress,
  message: Uint8Array,
  clientAddress: Ipv4Address = UNSPECIFIED_ADDRESS,
): Uint8Array {
  const datagram = serializeUdp(
    { sourcePort: dhcpPort.client, destinationPort: dhcpPort.server, payload: message },
    clientAddress,
    BROADCAST_ADDRESS,
  );
  const packet = serializeIpv4Packet({
    source: clientAddress,
    destination: BROADCAST_ADDRESS,
    protocol: ipProtocol.udp,
    timeToLive: 64,
    typeOfService: 0,
    identification: 0,
    dontFragment: false,
    moreFragments: false,
    fragmentOffset: 0,
    payload: datagram,
  });
  return serializeEthernet({
    destination: BROADCAST_MAC,
    source: mac,
    type: etherType.ipv4,
    payload: packet,
  });
}

/** The DHCP answer in a frame, or undefined when the frame is anything else. */
export function dhcpAnswer(frame: Uint8Array): DhcpMessage | undefined {
  const ethernet = parseEthernet(frame);
  if (ethernet.kind === "malformed" || ethernet.type !== etherType.ipv4) return undefined;
  const packet = parseIpv4Packet(ethernet.payload);
  if (packet.kind === "malformed" || packet.protocol !== ipProtocol.udp) return undefined;
  const datagram = parseUdp(packet.payload, packet.source, packet.destination);
  if (datagram.kind === "malformed" || datagram.destinationPort !== dhcpPort.client) return undefined;
  const message = parseDhcp(datagram.payload);
  return message.kind === "malformed" ? undefined : message;
}

/** DISCOVER, OFFER, REQUEST, ACK: resolves with the lease, rejects when the server refuses. */
export async function acquireLease(
  mac: MacAddress,
  transactionId: number,
  exchange: (
    frame: Uint8Array,
    isAnswer: (frame: Uint8Array) => DhcpMessage | undefined,
  ) => Promise<DhcpMessage>,
): Promise<GuestLease> {
  const ours = (frame: Uint8Array) => {
    const message = dhcpAnswer(frame);
    return message?.transactionId === transactionId ? message : undefined;
  };
  const parameterRequestList = [1, 3, 6, 12, 15, 26, 28, 51, 54, 58, 59];
  const discover = dhcpFrame(mac, transactionId, {
    messageType: dhcpMessageType.discover,
    parameterRequestList,
  });
  const offer = await exchange(discover, ours);
  const serverIdentifier = offer.options.serverIdentifier ?? offer.serverAddress;
  const request = dhcpFrame(mac, transactionId, {
    messageType: dhcpMessageType.request,
    requestedAddress: offer.yourAddress,
    serverIdentifier,
    parameterRequestList,
  });
  const answer = await exchange(request, ours);
  if (answer.options.messageType !== dhcpMessageType.ack) {
    throw new Error(`the DHCP server refused: ${answer.options.message ?? "no reason given"}`);
  }
  return { address: answer.yourAddress, server: serverIdentifier, options: answer.options };
}
