import type { Ipv4Packet } from "../../ipv4/packet.ts";
import { distance } from "../../tcp/sequence.ts";
import { ACK, FIN, MIN_HEADER, PSH, parseSegment, RST, SYN, type TcpSegment } from "../../tcp/wire.ts";
import type { TcpContext, TcpNote } from "../conversations/context.ts";
import type { NbdPart } from "../conversations/nbd-part.ts";
import type { Layers } from "../layers.ts";
import { malformedText } from "../malformed-text.ts";
import { hex, named, Section } from "../section.ts";
import { dissectData } from "./data.ts";
import { dissectNbd } from "./nbd.ts";

const FLAGS = [
  ["tcp.flags.cwr", 0x80, "CWR"],
  ["tcp.flags.ece", 0x40, "ECE"],
  ["tcp.flags.urg", 0x20, "URG"],
  ["tcp.flags.ack", ACK, "ACK"],
  ["tcp.flags.push", PSH, "PSH"],
  ["tcp.flags.reset", RST, "RST"],
  ["tcp.flags.syn", SYN, "SYN"],
  ["tcp.flags.fin", FIN, "FIN"],
] as const;

const NOTES: { readonly [Note in TcpNote]: readonly [Parameters<Section["note"]>[0], string] } = {
  retransmission: ["tcp.analysis.retransmission", "sent again"],
  "out-of-order": ["tcp.analysis.out_of_order", "out of order"],
  "lost-segment": ["tcp.analysis.lost_segment", "a segment before is missing"],
  "duplicate-ack": ["tcp.analysis.duplicate_ack", "the same acknowledgment again"],
  "keep-alive": ["tcp.analysis.keep_alive", "keep-alive"],
  "zero-window": ["tcp.analysis.zero_window", "no room"],
  "window-update": ["tcp.analysis.window_update", "new window"],
};

export function dissectTcp(layers: Layers, packet: Ipv4Packet, start: number, end: number): void {
  const bytes = packet.payload;
  const headerBytes = ((bytes[12] ?? 0) >>> 4) * 4;
  const section = Section.of(layers.frame, start, Math.min(start + Math.max(headerBytes, MIN_HEADER), end));
  const parsed = parseSegment(bytes, packet.source, packet.destination);
  const { tcp } = layers.context;
  const from = section.u16("tcp.srcport", 0);
  const to = section.u16("tcp.dstport", 2);
  layers.say({ protocol: "TCP", info: `${from} → ${to}` });
  if (parsed.kind !== "tcp") {
    section.malformed(malformedText(parsed.reason));
    layers.say({ info: `${from} → ${to}, malformed: ${malformedText(parsed.reason)}` });
    layers.protocol("tcp", section, `Transmission Control Protocol, ${from} → ${to}`);
    return;
  }
  addHeader(section, parsed, headerBytes, tcp);
  const notes = (tcp?.notes ?? []).map((note) => NOTES[note]);
  for (const [name, words] of notes) section.note(name, undefined, words);
  layers.say({
    info: infoOf(
      parsed,
      tcp,
      notes.map(([, words]) => words),
    ),
  });

  layers.protocol("tcp", section, `Transmission Control Protocol, ${from} → ${to}`);
  const payload = start + headerBytes;
  if (payload === end) return;
  const messages = tcp?.nbd;
  const again = tcp?.notes.includes("retransmission") ?? false;
  addPayload(layers, payload, end, again ? undefined : messages);
  if (messages === undefined) dissectData(layers, payload, end);
  else dissectNbd(layers, messages);
}

/** The payload, and in it the parts of messages that came in several segments, or that are to go on. */
function addPayload(
  layers: Layers,
  start: number,
  end: number,
  messages: readonly NbdPart[] | undefined,
): void {
  const section = Section.of(layers.frame, start, end);
  const part = (from: number, to: number) => section.octets("tcp.segment_data", from - start, to - from);
  let read = start;
  for (const { frames, from, to, frameOffset } of messages ?? []) {
    if (to === from) continue;
    read = frameOffset + to - from;
    if (frames > 1) part(frameOffset, read);
  }
  if (messages !== undefined) part(read, end);
  const whole = Section.of(layers.frame, start, end);
  whole.octets("tcp.payload", 0);
  layers.fields.push(...whole.fields.map((field) => ({ ...field, children: section.fields })));
}

function addHeader(
  section: Section,
  segment: TcpSegment,
  headerBytes: number,
  context: TcpContext | undefined,
): void {
  const { flags, window, payload } = segment;
  if (context !== undefined) section.note("tcp.stream", context.stream, String(context.stream));
  section.note("tcp.len", payload.length, String(payload.length));
  if (context !== undefined) {
    const sequence = distance(context.sequenceBase, segment.sequence) >>> 0;
    section.add("tcp.seq", 4, 4, sequence, String(sequence));
  }
  section.u32("tcp.seq_raw", 4);
  if (context !== undefined) {
    const base = (flags & ACK) === 0 ? 0 : (context.acknowledgmentBase ?? 0);
    const acknowledgment = distance(base, segment.acknowledgment) >>> 0;
    section.add("tcp.ack", 8, 4, acknowledgment, String(acknowledgment));
  }
  section.u32("tcp.ack_raw", 8);
  section.add("tcp.hdr_len", 12, 1, headerBytes, `${headerBytes} bytes`);
  section.group("tcp.flags", 12, 2, { value: flags, text: flagsText(flags) }, (inner) => {
    for (const [name, mask] of FLAGS) inner.flag(name, 13, 1, mask);
  });
  section.u16("tcp.window_size_value", 14);
  const shift = (flags & SYN) !== 0 ? 0 : context?.windowShift;
  if (shift !== undefined) {
    const scaled = window * 2 ** shift;
    section.add("tcp.window_size", 14, 2, scaled, String(scaled));
  }
  section.u16("tcp.checksum", 16, hex(4));
  section.u16("tcp.urgent_pointer", 18);
  if (headerBytes > MIN_HEADER)
    section.group(
      "tcp.options",
      MIN_HEADER,
      headerBytes - MIN_HEADER,
      { value: section.bytes.subarray(MIN_HEADER, headerBytes), text: optionsText(segment) },
      (inner) => addOptions(inner, headerBytes),
    );
}

const OPTION_NAMES = {
  "end of options": 0,
  "no operation": 1,
  "maximum segment size": 2,
  "window scale": 3,
  "SACK permitted": 4,
  SACK: 5,
  timestamps: 8,
} as const;

const optionText = named(OPTION_NAMES);

/** The lengths were checked by the parser. */
function addOptions(section: Section, end: number): void {
  let at = MIN_HEADER;
  while (at < end) {
    const kind = section.bytes[at]!;
    const length = kind <= 1 ? 1 : section.bytes[at + 1]!;
    const start = at;
    section.group("tcp.option_kind", at, length, { value: kind, text: optionText(kind) }, (inner) =>
      addOption(inner, kind, start, length),
    );
    if (kind === 0) return;
    at += length;
  }
}

function addOption(section: Section, kind: number, at: number, length: number): void {
  switch (kind) {
    case OPTION_NAMES["maximum segment size"]:
      section.u16("tcp.options.mss_val", at + 2);
      return;
    case OPTION_NAMES["window scale"]:
      section.u8("tcp.options.wscale.shift", at + 2);
      return;
    case OPTION_NAMES["SACK permitted"]:
      section.add("tcp.options.sack_perm", at, length, undefined, "");
      return;
    case OPTION_NAMES.SACK:
      for (let block = at + 2; block + 8 <= at + length; block += 8) {
        section.u32("tcp.options.sack_le", block);
        section.u32("tcp.options.sack_re", block + 4);
      }
      return;
    case OPTION_NAMES.timestamps:
      section.u32("tcp.options.timestamp.tsval", at + 2);
      section.u32("tcp.options.timestamp.tsecr", at + 6);
  }
}

function optionsText({ options }: TcpSegment): string {
  const { maximumSegmentSize, windowScale, sackPermitted, sackBlocks, timestamps } = options;
  return [
    ...(maximumSegmentSize === undefined ? [] : [`maximum segment size ${maximumSegmentSize}`]),
    ...(windowScale === undefined ? [] : [`window scale ${windowScale}`]),
    ...(sackPermitted ? ["SACK permitted"] : []),
    ...(sackBlocks.length === 0 ? [] : [`SACK, ${sackBlocks.length} blocks`]),
    ...(timestamps === undefined ? [] : ["timestamps"]),
  ].join(", ");
}

function flagsText(flags: number): string {
  const names = FLAGS.filter(([, mask]) => (flags & mask) !== 0).map(([, , name]) => name);
  return names.length === 0 ? "none" : names.join(", ");
}

function infoOf(segment: TcpSegment, context: TcpContext | undefined, notes: readonly string[]): string {
  const { sourcePort, destinationPort, flags, sequence, acknowledgment, window, payload } = segment;
  const relative = (number: number, base: number | undefined) =>
    base === undefined ? number : distance(base, number) >>> 0;
  const ack = (flags & ACK) === 0 ? "" : ` ack=${relative(acknowledgment, context?.acknowledgmentBase)}`;
  const shift = (flags & SYN) !== 0 ? 0 : (context?.windowShift ?? 0);
  const note = notes.length === 0 ? "" : `, ${notes.join(", ")}`;
  return `${sourcePort} → ${destinationPort} [${flagsText(flags)}] seq=${relative(sequence, context?.sequenceBase)}${ack} window=${window * 2 ** shift} length=${payload.length}${note}`;
}
