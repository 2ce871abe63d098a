import { formatIpv4 } from "../../ipv4/address.ts";
import {
  IPV4_HEADER_BYTES,
  type Ipv4Packet,
  ipProtocol,
  isFragment,
  parseIpv4Packet,
} from "../../ipv4/packet.ts";
import type { Layers } from "../layers.ts";
import { malformedText } from "../malformed-text.ts";
import { hex, named, Section } from "../section.ts";
import { dissectData } from "./data.ts";
import { dissectIcmp } from "./icmp.ts";
import { dissectTcp } from "./tcp.ts";
import { dissectUdp } from "./udp.ts";

const protocolText = named({ ICMP: ipProtocol.icmp, TCP: ipProtocol.tcp, UDP: ipProtocol.udp });

/** Returns where the packet ends. */
export function dissectIpv4(layers: Layers, start: number): number {
  const { frame } = layers;
  const bytes = frame.subarray(start);
  const headerBytes = ((bytes[0] ?? 0) & 0xf) * 4;
  const section = Section.of(
    frame,
    start,
    Math.min(start + Math.max(headerBytes, IPV4_HEADER_BYTES), frame.length),
  );
  const parsed = parseIpv4Packet(bytes);
  addHeader(section);
  if (parsed.kind !== "ipv4") {
    const why = malformedText(parsed.reason);
    section.malformed(why);
    layers.protocol("ip", section, "Internet Protocol, version 4");
    layers.say({ protocol: "IPv4", info: `Malformed: ${why}` });
    return frame.length;
  }
  const [source, destination] = [formatIpv4(parsed.source), formatIpv4(parsed.destination)];
  layers.say({ protocol: "IPv4", source, destination, info: `Protocol ${parsed.protocol}` });
  layers.protocol("ip", section, `Internet Protocol, ${source} → ${destination}`);
  const end = start + headerBytes + parsed.payload.length;
  dissectPayload(layers, parsed, start + headerBytes, end);
  return end;
}

function addHeader(section: Section): void {
  section.group(
    "ip.version",
    0,
    1,
    { value: (section.bytes[0] ?? 0) >>> 4, text: String((section.bytes[0] ?? 0) >>> 4) },
    () => {},
  );
  const headerBytes = ((section.bytes[0] ?? 0) & 0xf) * 4;
  section.group("ip.hdr_len", 0, 1, { value: headerBytes, text: `${headerBytes} bytes` }, () => {});
  section.u8("ip.dsfield", 1, hex(2));
  section.u16("ip.len", 2);
  section.u16("ip.id", 4, hex(4));
  const flags = (section.bytes[6] ?? 0) >>> 5;
  section.group("ip.flags", 6, 1, { value: flags, text: hex(1)(flags) }, (inner) => {
    inner.flag("ip.flags.rb", 6, 1, 0x80);
    inner.flag("ip.flags.df", 6, 1, 0x40);
    inner.flag("ip.flags.mf", 6, 1, 0x20);
  });
  const offset = ((((section.bytes[6] ?? 0) << 8) | (section.bytes[7] ?? 0)) & 0x1fff) * 8;
  section.group("ip.frag_offset", 6, 2, { value: offset, text: String(offset) }, () => {});
  section.u8("ip.ttl", 8);
  section.u8("ip.proto", 9, protocolText);
  section.u16("ip.checksum", 10, hex(4));
  section.ipv4("ip.src", 12);
  section.ipv4("ip.dst", 16);
  section.octets("ip.options", IPV4_HEADER_BYTES);
}

function dissectPayload(layers: Layers, packet: Ipv4Packet, start: number, end: number): void {
  if (isFragment(packet)) {
    layers.say({ info: `Fragment at ${packet.fragmentOffset} of packet ${hex(4)(packet.identification)}` });
    dissectData(layers, start, end);
    return;
  }
  switch (packet.protocol) {
    case ipProtocol.icmp:
      dissectIcmp(layers, start, end);
      return;
    case ipProtocol.udp:
      dissectUdp(layers, packet, start, end);
      return;
    case ipProtocol.tcp:
      dissectTcp(layers, packet, start, end);
      return;
    default:
      dissectData(layers, start, end);
  }
}
