import { ARP_BYTES, arpOperation, parseArp } from "../../arp/arp.ts";
import { formatMac } from "../../ethernet/mac.ts";
import { formatIpv4, UNSPECIFIED_ADDRESS } from "../../ipv4/address.ts";
import type { Layers } from "../layers.ts";
import { malformedText } from "../malformed-text.ts";
import { hex, named, Section } from "../section.ts";

const hardwareText = named({ Ethernet: 1 });

const operationText = named(arpOperation);

export function dissectArp(layers: Layers, start: number): number {
  const { frame } = layers;
  const end = Math.min(start + ARP_BYTES, frame.length);
  const section = Section.of(frame, start, end);
  const parsed = parseArp(section.bytes);
  if (parsed.kind !== "arp") {
    section.malformed(malformedText(parsed.reason));
    layers.protocol("arp", section, "Address Resolution Protocol");
    layers.say({ protocol: "ARP", info: `Malformed: ${malformedText(parsed.reason)}` });
    return end;
  }
  section.u16("arp.hw.type", 0, hardwareText);
  section.u16("arp.proto.type", 2, hex(4));
  section.u8("arp.hw.size", 4);
  section.u8("arp.proto.size", 5);
  section.u16("arp.opcode", 6, operationText);
  section.mac("arp.src.hw_mac", 8);
  section.ipv4("arp.src.proto_ipv4", 14);
  section.mac("arp.dst.hw_mac", 18);
  section.ipv4("arp.dst.proto_ipv4", 24);
  layers.protocol("arp", section, "Address Resolution Protocol");
  const target = formatIpv4(parsed.targetAddress);
  const sender = formatIpv4(parsed.senderAddress);
  const asks =
    parsed.senderAddress === UNSPECIFIED_ADDRESS
      ? `Does anyone have ${target}?`
      : parsed.senderAddress === parsed.targetAddress
        ? `${target} is mine, says ${formatMac(parsed.senderMac)}`
        : `Who has ${target}? Tell ${sender}`;
  const info =
    parsed.operation === arpOperation.reply ? `${sender} is at ${formatMac(parsed.senderMac)}` : asks;
  layers.say({ protocol: "ARP", info });
  return end;
}
