import { icmpType, parseIcmp, unreachable } from "../../icmp/icmp.ts";
import type { Layers } from "../layers.ts";
import { malformedText } from "../malformed-text.ts";
import { hex, named, Section } from "../section.ts";

const TYPE_NAMES = {
  "echo reply": icmpType.echoReply,
  "destination unreachable": icmpType.destinationUnreachable,
  "echo request": icmpType.echoRequest,
  "router advertisement": 9,
  "router solicitation": 10,
  "time exceeded": 11,
} as const;
const UNREACHABLE_NAMES = { ...unreachable, "fragmentation needed": unreachable.fragmentationNeeded };

const typeText = named(TYPE_NAMES);
const codeText = named(UNREACHABLE_NAMES);

export function dissectIcmp(layers: Layers, start: number, end: number): void {
  const section = Section.of(layers.frame, start, end);
  const parsed = parseIcmp(section.bytes);
  const type = section.u8("icmp.type", 0, typeText);
  section.u8("icmp.code", 1, type === icmpType.destinationUnreachable ? codeText : undefined);
  section.u16("icmp.checksum", 2, hex(4));
  layers.say({ protocol: "ICMP", info: typeText(type) });
  switch (parsed.kind) {
    case "malformed":
      section.malformed(malformedText(parsed.reason));
      layers.say({ info: `Malformed: ${malformedText(parsed.reason)}` });
      break;
    case "echo-request":
    case "echo-reply":
      section.u16("icmp.ident", 4);
      section.u16("icmp.seq", 6);
      section.octets("data.data", 8);
      layers.say({
        info: `Echo ${parsed.kind === "echo-reply" ? "reply" : "request"} ${parsed.sequence}, ${parsed.data.length} bytes`,
      });
      break;
    case "destination-unreachable":
      if (parsed.code === unreachable.fragmentationNeeded) section.u16("icmp.mtu", 6);
      section.octets("icmp.original", 8);
      layers.say({ info: `Destination unreachable: ${codeText(parsed.code)}` });
      break;
    case "other":
      section.octets("data.data", 4);
      break;
    default:
      parsed satisfies never;
  }
  layers.protocol("icmp", section, "Internet Control Message Protocol");
}
