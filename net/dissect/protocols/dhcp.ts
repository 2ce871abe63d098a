import { bootpOperation, type DhcpMessage, parseDhcp } from "../../dhcp/message.ts";
import { dhcpMessageType } from "../../dhcp/options.ts";
import { formatMac, readMac } from "../../ethernet/mac.ts";
import { readU16 } from "../../ethernet/octets.ts";
import { formatIpv4, UNSPECIFIED_ADDRESS } from "../../ipv4/address.ts";
import type { Layers } from "../layers.ts";
import { malformedText } from "../malformed-text.ts";
import { hex, named, Section } from "../section.ts";
import { addDhcpOptions } from "./dhcp-options.ts";

// The fixed part in wire order (RFC 2131, section 2).
const CHADDR = 28;
const CHADDR_BYTES = 16;
const SNAME = 44;
const SNAME_BYTES = 64;
const FILE = 108;
const FILE_BYTES = 128;
const OPTIONS = 240;
const ETHERNET = 1;
const MAC_BYTES = 6;
const OVERLOAD = 52;

const operationText = named(bootpOperation);
const hardwareText = named({ Ethernet: ETHERNET });

export function dissectDhcp(layers: Layers, start: number, end: number): void {
  const section = Section.of(layers.frame, start, end);
  const parsed = parseDhcp(section.bytes);
  if (parsed.kind !== "dhcp") {
    section.malformed(malformedText(parsed.reason));
    layers.say({ protocol: "DHCP", info: `Malformed: ${malformedText(parsed.reason)}` });
    layers.protocol("dhcp", section, "Dynamic Host Configuration Protocol");
    return;
  }
  addFixedPart(section);
  const overload = overloadOf(section.bytes);
  addName(section, "dhcp.server", SNAME, SNAME_BYTES, (overload & 2) !== 0);
  addName(section, "dhcp.file", FILE, FILE_BYTES, (overload & 1) !== 0);
  section.ipv4("dhcp.cookie", 236);
  addDhcpOptions(section, OPTIONS, section.length);
  layers.say({ protocol: "DHCP", info: infoOf(parsed) });
  layers.protocol("dhcp", section, "Dynamic Host Configuration Protocol");
}

function addFixedPart(section: Section): void {
  const { bytes } = section;
  section.u8("dhcp.type", 0, operationText);
  section.u8("dhcp.hw.type", 1, hardwareText);
  section.u8("dhcp.hw.len", 2);
  section.u8("dhcp.hops", 3);
  section.u32("dhcp.id", 4, hex(8));
  section.u16("dhcp.secs", 8);
  const flags = readU16(bytes, 10);
  section.group(
    "dhcp.flags",
    10,
    2,
    { value: flags, text: hex(4)(flags) },
    (inner) => void inner.flag("dhcp.flags.bc", 10, 2, 0x8000),
  );
  section.ipv4("dhcp.ip.client", 12);
  section.ipv4("dhcp.ip.your", 16);
  section.ipv4("dhcp.ip.server", 20);
  section.ipv4("dhcp.ip.relay", 24);
  const hardwareBytes = Math.min(bytes[2]!, CHADDR_BYTES);
  if (bytes[1] === ETHERNET && hardwareBytes === MAC_BYTES) section.mac("dhcp.hw.mac_addr", CHADDR);
  else section.octets("dhcp.hw.addr", CHADDR, hardwareBytes);
  section.octets("dhcp.hw.addr_padding", CHADDR + hardwareBytes, CHADDR_BYTES - hardwareBytes);
}

function addName(
  section: Section,
  name: "dhcp.server" | "dhcp.file",
  at: number,
  length: number,
  holdsOptions: boolean,
): void {
  if (holdsOptions) {
    addDhcpOptions(section, at, at + length);
    return;
  }
  const zero = section.bytes.subarray(at, at + length).indexOf(0);
  if (zero !== 0) section.text(name, at, zero < 0 ? length : zero);
}

/** Option 52 (RFC 2132 section 9.3): which of the names' fields hold options. */
function overloadOf(bytes: Uint8Array): number {
  let at = OPTIONS;
  while (at < bytes.length && bytes[at] !== 255) {
    if (bytes[at] === OVERLOAD) return bytes[at + 2] ?? 0;
    at += bytes[at] === 0 ? 1 : 2 + (bytes[at + 1] ?? 0);
  }
  return 0;
}

function infoOf(message: DhcpMessage): string {
  const { options, yourAddress, clientHardware } = message;
  const name =
    Object.entries(dhcpMessageType).find(([, type]) => type === options.messageType)?.[0] ??
    (message.operation === bootpOperation.request ? "boot request" : "boot reply");
  const who = clientHardware.length === MAC_BYTES ? formatMac(readMac(clientHardware, 0)) : "a client";
  const asked = options.requestedAddress ?? message.clientAddress;
  const what =
    yourAddress !== UNSPECIFIED_ADDRESS
      ? `: ${formatIpv4(yourAddress)} for ${who}`
      : asked !== UNSPECIFIED_ADDRESS
        ? `: ${who} asks for ${formatIpv4(asked)}`
        : ` from ${who}`;
  const file = options.bootFileName ?? message.bootFile;
  const boots = file === "" || message.operation === bootpOperation.request ? "" : `, boot file ${file}`;
  return `${name.charAt(0).toUpperCase()}${name.slice(1)}${what}${boots}, transaction ${hex(8)(message.transactionId)}`;
}
