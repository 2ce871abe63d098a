import {
  Command,
  CommandFlag,
  HandshakeFlag,
  Info,
  NbdError,
  Option,
  OptionReply,
  TransmissionFlag,
} from "../../nbd/constants.ts";
import { OPTION_HEADER_BYTES, OPTION_REPLY_HEADER_BYTES } from "../../nbd/wire.ts";
import type { NbdPart } from "../conversations/nbd-part.ts";
import type { Layers } from "../layers.ts";
import { hex, named, Section } from "../section.ts";

const command = named(upper(Command));
const option = named(prefixed("NBD_OPT_", Option));
const optionReply = named(prefixed("NBD_REP_", OptionReply));
const information = named(prefixed("NBD_INFO_", Info));
const error = named({ ...NbdError, "no error": 0 });
/** "Structured reply types" (doc/proto.md). */
const chunkType = named({
  none: 0,
  "data at an offset": 1,
  "hole at an offset": 2,
  "block status": 5,
  error: 0x8001,
});

/** A frame can hold the ends of several messages: each is a tree of its own. */
export function dissectNbd(layers: Layers, messages: readonly NbdPart[]): void {
  const infos: string[] = [];
  for (const message of messages) {
    const section = sectionOf(message);
    const title = addMessage(section, message);
    addData(section, layers.frame, message);
    addOrigin(section, message, layers.context.timeMs);
    infos.push(title);
    layers.protocol("nbd", section, `Network Block Device, ${title}`, message.lengthBytes);
  }
  if (infos.length > 0) layers.say({ protocol: "NBD", info: infos.join(" · ") });
}

/** Bytes that came in earlier frames have no place in this one. */
function sectionOf({ head, from, to, frameOffset }: NbdPart): Section {
  return new Section(head, (at) => frameOffset + Math.min(Math.max(at, from), to) - from);
}

/** Returns what the message says, in words. */
function addMessage(section: Section, message: NbdPart): string {
  switch (message.kind) {
    case "greeting":
      return addGreeting(section);
    case "client-flags":
      addHandshakeFlags(section, "cli", 0);
      return "the client's flags";
    case "option":
      return addOption(section);
    case "option-reply":
      return addOptionReply(section);
    case "export": {
      const size = addExport(section, 0);
      section.octets("nbd.reserved", 10);
      return `the export has ${size} bytes`;
    }
    case "request":
      return addRequest(section);
    case "simple-reply": {
      section.u32("nbd.magic", 0, hex(8));
      const code = section.u32("nbd.error", 4, error);
      section.u64("nbd.handle", 8, hex(16));
      return `${answerTo(message)}${code === 0 ? "" : `, ${error(code)}`}`;
    }
    case "structured-reply": {
      section.u32("nbd.magic", 0, hex(8));
      section.u16("nbd.reply.flags", 4, hex(4));
      const type = section.u16("nbd.reply.type", 6, chunkType);
      section.u64("nbd.handle", 8, hex(16));
      section.u32("nbd.len", 16);
      return `${answerTo(message)}, ${chunkType(type)}`;
    }
    default:
      return message.kind satisfies never;
  }
}

function addGreeting(section: Section): string {
  section.u64("nbd.hnd.magic", 0, hex(16));
  section.u64("nbd.hnd.magic", 8, hex(16));
  addHandshakeFlags(section, "hnd", 16);
  return "the server's greeting";
}

/** 16 bits from the server, 32 from the client. */
function addHandshakeFlags(section: Section, side: "hnd" | "cli", at: number): void {
  const width = side === "hnd" ? 2 : 4;
  const flags = section.bytes.subarray(at, at + width).reduce((whole, byte) => whole * 256 + byte, 0);
  section.group(`nbd.${side}.flags`, at, width, { value: flags, text: hex(2 * width)(flags) }, (inner) => {
    inner.flag(`nbd.${side}.flags.fixed_new`, at, width, HandshakeFlag.fixedNewstyle);
    inner.flag(`nbd.${side}.flags.no_zeroes`, at, width, HandshakeFlag.noZeroes);
  });
}

function addOption(section: Section): string {
  section.u64("nbd.hnd.magic", 0, hex(16));
  const asked = section.u32("nbd.hnd.opt", 8, option);
  const length = section.u32("nbd.hnd.len", 12);
  const at = OPTION_HEADER_BYTES;
  let name = "";
  if (asked === Option.exportName) {
    name = section.text("nbd.export.name", at, Math.min(length, section.length - at));
  } else if ((asked === Option.go || asked === Option.info) && length >= 4) {
    const nameBytes = section.u32("nbd.export.name.len", at);
    name = section.text("nbd.export.name", at + 4, nameBytes);
    const count = section.u16("nbd.info.num", at + 4 + nameBytes);
    for (let index = 0; index < count && index < length; index += 1)
      section.u16("nbd.info", at + 6 + nameBytes + 2 * index, information);
  } else {
    section.octets("nbd.data", at);
  }
  return name === "" ? option(asked) : `${option(asked)} "${name}"`;
}

function addOptionReply(section: Section): string {
  section.u64("nbd.hnd.magic", 0, hex(16));
  const asked = section.u32("nbd.hnd.opt", 8, option);
  const reply = section.u32("nbd.hnd.reply", 12, optionReply);
  section.u32("nbd.hnd.len", 16);
  const at = OPTION_REPLY_HEADER_BYTES;
  const words = `${optionReply(reply)} to ${option(asked)}`;
  if (reply >= ERROR_BIT) {
    const said = section.length > at ? section.text("nbd.error_msg", at, section.length - at) : "";
    return said === "" ? words : `${words}: ${said}`;
  }
  if (reply === OptionReply.info) return `${words}, ${addInformation(section, at)}`;
  if (reply === OptionReply.server) {
    const nameBytes = section.u32("nbd.export.name.len", at);
    const name = section.text("nbd.export.name", at + 4, nameBytes);
    if (section.length > at + 4 + nameBytes)
      section.text("nbd.export.description", at + 4 + nameBytes, section.length - at - 4 - nameBytes);
    return `${words}, "${name}"`;
  }
  section.octets("nbd.data", at);
  return words;
}

const ERROR_BIT = 0x80000000;

function addInformation(section: Section, at: number): string {
  const kind = section.u16("nbd.info", at, information);
  switch (kind) {
    case Info.export:
      return `${addExport(section, at + 2)} bytes`;
    case Info.name:
      return section.text("nbd.export.name", at + 2, section.length - at - 2);
    case Info.description:
      return section.text("nbd.export.description", at + 2, section.length - at - 2);
    case Info.blockSize: {
      section.u32("nbd.block_size.min", at + 2);
      const preferred = section.u32("nbd.block_size.prefer", at + 6);
      section.u32("nbd.payload_size.max", at + 10);
      return `blocks of ${preferred} bytes`;
    }
    default:
      section.octets("nbd.data", at + 2);
      return information(kind);
  }
}

const TRANSMISSION_FLAGS = [
  ["nbd.trans.flags.has_flags", TransmissionFlag.hasFlags],
  ["nbd.trans.flags.read_only", TransmissionFlag.readOnly],
  ["nbd.trans.flags.flush", TransmissionFlag.sendFlush],
  ["nbd.trans.flags.fua", TransmissionFlag.sendFua],
  ["nbd.trans.flags.rotational", 1 << 4],
  ["nbd.trans.flags.trim", 1 << 5],
  ["nbd.trans.flags.write_zeroes", 1 << 6],
  ["nbd.trans.flags.multi_conn", TransmissionFlag.canMultiConn],
] as const;

/** u64 size, u16 flags. */
function addExport(section: Section, at: number): bigint {
  const size = section.u64("nbd.export.size", at);
  const flags = ((section.bytes[at + 8] ?? 0) << 8) | (section.bytes[at + 9] ?? 0);
  section.group("nbd.export.trans.flags", at + 8, 2, { value: flags, text: hex(4)(flags) }, (inner) => {
    for (const [name, mask] of TRANSMISSION_FLAGS) inner.flag(name, at + 8, 2, mask);
  });
  return size;
}

function addRequest(section: Section): string {
  section.u32("nbd.magic", 0, hex(8));
  const flags = ((section.bytes[4] ?? 0) << 8) | (section.bytes[5] ?? 0);
  section.group(
    "nbd.cmd.flags",
    4,
    2,
    { value: flags, text: hex(4)(flags) },
    (inner) => void inner.flag("nbd.cmd.flags.fua", 4, 2, CommandFlag.fua),
  );
  const asked = section.u16("nbd.type", 6, command);
  section.u64("nbd.handle", 8, hex(16));
  const offset = section.u64("nbd.from", 16, String);
  const length = section.u32("nbd.len", 24);
  return requestText(asked, offset, length);
}

function requestText(asked: number, offset: bigint, length: number): string {
  const name = command(asked).split(" ")[0]!;
  return asked === Command.disconnect || asked === Command.flush
    ? name
    : `${name} ${length} bytes at ${offset}`;
}

function answerTo({ requested }: NbdPart): string {
  if (requested === undefined) return "answer to a request that was not captured";
  return `answer to ${requestText(requested.command, requested.offset, requested.length)}`;
}

/** The payload behind the head: of a write, or of the answer to a read. */
function addData(section: Section, frame: Uint8Array, { head, lengthBytes }: NbdPart): void {
  const length = lengthBytes - head.length;
  if (length === 0) return;
  const here = frame.subarray(section.place(head.length), section.place(lengthBytes));
  const shown =
    here.length === length ? `${length} bytes` : `${length} bytes, of which ${here.length} are in this frame`;
  section.add("nbd.data", head.length, length, here, shown);
}

/** Which request it answers, and how many frames it came in. */
function addOrigin(section: Section, message: NbdPart, timeMs: number): void {
  const { requested, frames, firstNumber } = message;
  if (requested !== undefined) {
    const seconds = (timeMs - requested.timeMs) / 1000;
    section.note("nbd.type", requested.command, command(requested.command));
    section.note("nbd.response_to", requested.number, String(requested.number));
    section.note("nbd.time", seconds, `${seconds.toFixed(6)} s`);
  }
  if (frames > 1) section.note("tcp.segment.count", frames, `${frames}, from frame ${firstNumber} on`);
}

function upper(names: Readonly<Record<string, number>>): Record<string, number> {
  return prefixed("", names);
}

/** `errUnsupported` as NBD_REP_ERR_UNSUPPORTED: the protocol's own spelling. */
function prefixed(prefix: string, names: Readonly<Record<string, number>>): Record<string, number> {
  const spelled = (name: string) => name.replace(/[A-Z]/g, "_$&").toUpperCase();
  return Object.fromEntries(Object.entries(names).map(([name, value]) => [prefix + spelled(name), value]));
}
