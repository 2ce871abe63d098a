import { ETHERNET_HEADER_BYTES, etherType, parseEthernet } from "../../ethernet/ethernet.ts";
import { formatMac } from "../../ethernet/mac.ts";
import type { Layers } from "../layers.ts";
import { hex, Section } from "../section.ts";
import { dissectAoe } from "./aoe.ts";
import { dissectArp } from "./arp.ts";
import { dissectData } from "./data.ts";
import { dissectIpv4 } from "./ipv4.ts";

/** Below it the field is a length (IEEE 802.3). */
const SMALLEST_TYPE = 0x0600;
const TYPE_NAMES = new Map<number, string>([
  [etherType.ipv4, "IPv4"],
  [etherType.arp, "ARP"],
  [etherType.vlan, "VLAN"],
  [etherType.ipv6, "IPv6"],
  [etherType.aoe, "ATA over Ethernet"],
]);

export function dissectEthernet(layers: Layers): void {
  const { frame } = layers;
  const section = Section.of(frame, 0, Math.min(ETHERNET_HEADER_BYTES, frame.length));
  section.mac("eth.dst", 0);
  section.mac("eth.src", 6);
  const parsed = parseEthernet(frame);
  if (parsed.kind !== "ethernet") {
    section.u16("eth.type", 12);
    layers.protocol("eth", section, "Ethernet II");
    layers.say({ protocol: "Ethernet", info: "Malformed: shorter than an Ethernet header" });
    return;
  }
  const [source, destination] = [formatMac(parsed.source), formatMac(parsed.destination)];
  const { type } = parsed;
  layers.say({ protocol: "Ethernet", source, destination, info: typeText(type) });
  const isType = type >= SMALLEST_TYPE;
  section.u16(isType ? "eth.type" : "eth.len", 12, isType ? typeText : undefined);
  layers.protocol("eth", section, `Ethernet II, ${source} → ${destination}`);
  const end = dissectPayload(layers, type);
  if (end < frame.length) addPadding(layers, end);
}

/** Returns where what was read ends: behind it is padding. */
function dissectPayload(layers: Layers, type: number): number {
  switch (type) {
    case etherType.ipv4:
      return dissectIpv4(layers, ETHERNET_HEADER_BYTES);
    case etherType.arp:
      return dissectArp(layers, ETHERNET_HEADER_BYTES);
    case etherType.aoe:
      return dissectAoe(layers, ETHERNET_HEADER_BYTES);
    default:
      dissectData(layers, ETHERNET_HEADER_BYTES, layers.frame.length);
      return layers.frame.length;
  }
}

function addPadding(layers: Layers, from: number): void {
  const section = Section.of(layers.frame, from, layers.frame.length);
  section.octets("eth.padding", 0);
  layers.fields.push(...section.fields);
}

function typeText(type: number): string {
  return `${TYPE_NAMES.get(type) ?? "unknown"} (${hex(4)(type)})`;
}
