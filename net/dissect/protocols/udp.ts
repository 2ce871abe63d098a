import { dhcpPort } from "../../dhcp/message.ts";
import { DNS_PORT } from "../../dns/message.ts";
import type { Ipv4Packet } from "../../ipv4/packet.ts";
import { TFTP_PORT } from "../../tftp/message.ts";
import { parseUdp, UDP_HEADER_BYTES, type UdpDatagram } from "../../udp/udp.ts";
import type { Layers } from "../layers.ts";
import { malformedText } from "../malformed-text.ts";
import { hex, Section } from "../section.ts";
import { dissectData } from "./data.ts";
import { dissectDhcp } from "./dhcp.ts";
import { dissectDns } from "./dns.ts";
import { dissectTftp } from "./tftp.ts";

export function dissectUdp(layers: Layers, packet: Ipv4Packet, start: number, end: number): void {
  const section = Section.of(layers.frame, start, Math.min(start + UDP_HEADER_BYTES, end));
  const parsed = parseUdp(packet.payload, packet.source, packet.destination);
  const from = section.u16("udp.srcport", 0);
  const to = section.u16("udp.dstport", 2);
  section.u16("udp.length", 4);
  section.u16("udp.checksum", 6, hex(4));
  const { udp } = layers.context;
  if (udp !== undefined) section.note("udp.stream", udp.stream, String(udp.stream));
  layers.say({ protocol: "UDP", info: `${from} → ${to}` });
  if (parsed.kind !== "udp") {
    section.malformed(malformedText(parsed.reason));
    layers.say({ info: `${from} → ${to}, malformed: ${malformedText(parsed.reason)}` });
    layers.protocol("udp", section, `User Datagram Protocol, ${from} → ${to}`);
    return;
  }
  layers.say({ info: `${from} → ${to}, ${parsed.payload.length} bytes` });
  layers.protocol("udp", section, `User Datagram Protocol, ${from} → ${to}`);
  const payload = start + UDP_HEADER_BYTES;
  reader(parsed, udp?.tftp === true)(layers, payload, payload + parsed.payload.length);
}

function reader({ sourcePort, destinationPort }: UdpDatagram, tftp: boolean): typeof dissectData {
  const either = (port: number) => sourcePort === port || destinationPort === port;
  if (either(dhcpPort.server) || either(dhcpPort.client)) return dissectDhcp;
  if (tftp || destinationPort === TFTP_PORT) return dissectTftp;
  return either(DNS_PORT) ? dissectDns : dissectData;
}
