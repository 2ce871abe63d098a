import { formatAoeAddress } from "../../aoe/address.ts";
import { ATA_HEADER_BYTES, type AtaMessage, parseAtaMessage, SECTOR_BYTES } from "../../aoe/ata-message.ts";
import { CONFIG_HEADER_BYTES, configCommand, parseConfigMessage } from "../../aoe/config-message.ts";
import { AOE_HEADER_BYTES, type AoeMessage, aoeCommand, aoeError, parseAoe } from "../../aoe/message.ts";
import type { AoeContext } from "../conversations/context.ts";
import type { Layers } from "../layers.ts";
import { malformedText } from "../malformed-text.ts";
import { hex, named, Section } from "../section.ts";

const COMMANDS = {
  "ATA command": aoeCommand.ata,
  "query config": aoeCommand.config,
  "MAC mask list": aoeCommand.maskList,
  reserve: aoeCommand.reserve,
} as const;
/** ATA/ATAPI-6: the commands that AoE's drivers use. */
const ATA_COMMANDS = {
  READ: 0x20,
  "READ EXT": 0x24,
  WRITE: 0x30,
  "WRITE EXT": 0x34,
  SMART: 0xb0,
  FLUSH: 0xe7,
  "FLUSH EXT": 0xea,
  IDENTIFY: 0xec,
} as const;
const commandText = named(COMMANDS);
const errorText = named(aoeError);
const configText = named(configCommand);
const READS: readonly number[] = [ATA_COMMANDS.READ, ATA_COMMANDS["READ EXT"], ATA_COMMANDS.IDENTIFY];
const ata = (value: number) => nameOf(ATA_COMMANDS, value) ?? `command ${hex(2)(value)}`;

/** Returns where the message ends: behind it is padding. */
export function dissectAoe(layers: Layers, start: number): number {
  const section = Section.of(layers.frame, start, layers.frame.length);
  const parsed = parseAoe(section.bytes);
  if (parsed.kind !== "aoe") {
    section.malformed(malformedText(parsed.reason));
    layers.say({ protocol: "AoE", info: `Malformed: ${malformedText(parsed.reason)}` });
    layers.protocol("aoe", section, "ATA over Ethernet");
    return layers.frame.length;
  }
  addHeader(section, parsed);
  const { aoe, timeMs } = layers.context;
  const body = dissectArgument(section, parsed, aoe);
  if (aoe !== undefined) {
    const seconds = (timeMs - aoe.requestTimeMs) / 1000;
    section.note("aoe.ata.cmd", aoe.ataCommand, ata(aoe.ataCommand));
    section.note("aoe.response_to", aoe.requestNumber, String(aoe.requestNumber));
    section.note("aoe.time", seconds, `${seconds.toFixed(6)} s`);
  }
  const failed = parsed.error === undefined ? "" : `, failed: ${errorText(parsed.error)}`;
  layers.say({ protocol: "AoE", info: `${addressText(parsed)} ${body.info}${failed}` });
  layers.protocol("aoe", section, "ATA over Ethernet", body.end);
  return start + body.end;
}

function addHeader(section: Section, { error }: AoeMessage): void {
  const version = section.bytes[0]! >>> 4;
  section.add("aoe.version", 0, 1, version, String(version));
  section.flag("aoe.response", 0, 1, 0x08);
  section.flag("aoe.flags_error", 0, 1, 0x04);
  if (error !== undefined) section.u8("aoe.error", 1, errorText);
  section.u16("aoe.major", 2, (value) => (value === 0xffff ? "every (0xffff)" : String(value)));
  section.u8("aoe.minor", 4, (value) => (value === 0xff ? "every (0xff)" : String(value)));
  section.u8("aoe.cmd", 5, commandText);
  section.u32("aoe.tag", 6, hex(8));
}

interface Body {
  readonly info: string;
  readonly end: number;
}

function dissectArgument(section: Section, message: AoeMessage, asked: AoeContext | undefined): Body {
  const at = AOE_HEADER_BYTES;
  const what = message.response ? "answer" : "request";
  if (message.command === aoeCommand.config) return dissectConfig(section, message, at);
  if (message.command !== aoeCommand.ata) {
    section.octets("aoe.data", at);
    return { info: `${commandText(message.command)}, ${what}`, end: section.length };
  }
  const parsed = parseAtaMessage(message.argument);
  if (parsed.kind !== "ata") {
    section.malformed(malformedText(parsed.reason), at);
    return { info: `malformed ATA ${what}`, end: section.length };
  }
  section.flag("aoe.aflags.e", at, 1, 0x40);
  if (parsed.extended) section.flag("aoe.aflags.d", at, 1, 0x10);
  if (parsed.write) section.flag("aoe.aflags.a", at, 1, 0x02);
  section.flag("aoe.aflags.w", at, 1, 0x01);
  section.u8("aoe.err_feature", at + 1, hex(2));
  section.u8("aoe.sector_count", at + 2);
  if (message.response) section.u8("aoe.ata.status", at + 3, hex(2));
  else section.u8("aoe.ata.cmd", at + 3, ata);
  section.add("aoe.lba", at + 4, 6, parsed.lba, String(parsed.lba));
  section.octets("aoe.data", at + ATA_HEADER_BYTES);
  return { info: ataInfo(message, parsed, asked), end: section.length };
}

function ataInfo({ response }: AoeMessage, parsed: AtaMessage, asked: AoeContext | undefined): string {
  const { commandStatus, sectors, lba, data } = parsed;
  if (response) {
    const command = asked === undefined ? "" : ` to ${ata(asked.ataCommand)}`;
    return `answer${command}, status ${hex(2)(commandStatus)}, ${data.length} bytes`;
  }
  const bytes = sectors * SECTOR_BYTES;
  if (!READS.includes(commandStatus) && !parsed.write) return ata(commandStatus);
  return `${ata(commandStatus)} ${bytes} bytes, sector ${lba}`;
}

function dissectConfig(section: Section, message: AoeMessage, at: number): Body {
  const parsed = parseConfigMessage(message.argument);
  if (parsed.kind !== "config") {
    section.malformed(malformedText(parsed.reason), at);
    return { info: "malformed config query", end: section.length };
  }
  section.u16("aoe.buffer_count", at);
  section.u16("aoe.firmware", at + 2, hex(4));
  section.u8("aoe.config.sectors", at + 4);
  section.add("aoe.config.command", at + 5, 1, parsed.command, configText(parsed.command));
  section.u16("aoe.config.len", at + 6);
  section.text("aoe.config.string", at + CONFIG_HEADER_BYTES, parsed.text.length);
  const end = at + CONFIG_HEADER_BYTES + parsed.text.length;
  return { info: message.response ? "I am here" : "who is there?", end };
}

function addressText(message: AoeMessage): string {
  return message.shelf === 0xffff && message.slot === 0xff ? "everyone:" : `${formatAoeAddress(message)}:`;
}

function nameOf(names: Readonly<Record<string, number>>, value: number): string | undefined {
  return Object.entries(names).find(([, number]) => number === value)?.[0];
}
