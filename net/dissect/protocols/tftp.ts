import { parseTftp, type TftpOption, tftpErrorCode } from "../../tftp/message.ts";
import type { Layers } from "../layers.ts";
import { malformedText } from "../malformed-text.ts";
import { named, Section } from "../section.ts";
import { dissectData } from "./data.ts";

const OPERATIONS = {
  "read request": 1,
  "write request": 2,
  data: 3,
  acknowledgment: 4,
  error: 5,
  "option acknowledgment": 6,
} as const;

const operationText = named(OPERATIONS);
const errorText = named(tftpErrorCode);

export function dissectTftp(layers: Layers, start: number, end: number): void {
  const section = Section.of(layers.frame, start, end);
  const parsed = parseTftp(section.bytes);
  section.u16("tftp.opcode", 0, operationText);
  let info: string;
  switch (parsed.kind) {
    case "malformed":
      info = `Malformed: ${malformedText(parsed.reason)}`;
      section.malformed(malformedText(parsed.reason), Math.min(2, section.length));
      break;
    case "request": {
      const reads = parsed.operation === "read";
      const at = text(section, reads ? "tftp.source_file" : "tftp.destination_file", 2);
      addOptions(section, text(section, "tftp.type", at));
      info = `${reads ? "Read" : "Write"} ${parsed.path}, ${parsed.mode}${optionsText(parsed.options)}`;
      break;
    }
    case "data":
      section.u16("tftp.block", 2);
      info = `Data, block ${parsed.block}, ${parsed.bytes.length} bytes`;
      break;
    case "ack":
      section.u16("tftp.block", 2);
      info = `Acknowledgment of block ${parsed.block}`;
      break;
    case "error":
      section.u16("tftp.error.code", 2, errorText);
      text(section, "tftp.error.message", 4);
      info = `Error ${parsed.code}: ${parsed.message}`;
      break;
    case "option-ack":
      addOptions(section, 2);
      info = `Options agreed${optionsText(parsed.options)}`;
      break;
    default:
      info = parsed satisfies never;
  }
  layers.say({ protocol: "TFTP", info });
  const data = parsed.kind === "data" ? parsed.bytes.length : 0;
  layers.protocol("tftp", section, "Trivial File Transfer Protocol", section.length - data);
  dissectData(layers, end - data, end);
}

function addOptions(section: Section, from: number): void {
  let at = from;
  while (at < section.length && section.bytes[at] !== 0) {
    const next = text(section, "tftp.option.name", at);
    if (next >= section.length) return;
    at = text(section, "tftp.option.value", next);
  }
}

/** Adds a text that ends with a zero, or with the datagram. Returns where the next thing begins. */
function text(section: Section, name: Parameters<Section["text"]>[0], at: number): number {
  const zero = section.bytes.indexOf(0, at);
  const end = zero < 0 ? section.length : zero;
  section.text(name, at, end - at);
  return Math.min(end + 1, section.length);
}

function optionsText(options: readonly TftpOption[]): string {
  return options.map(([name, value]) => `, ${name}=${value}`).join("");
}
