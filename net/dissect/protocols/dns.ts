import { dnsOpcode, dnsResponseCode, dnsType, parseDns } from "../../dns/message.ts";
import { readName } from "../../dns/name.ts";
import { readU16, readU32 } from "../../ethernet/octets.ts";
import { formatIpv4 } from "../../ipv4/address.ts";
import type { Layers } from "../layers.ts";
import { malformedText } from "../malformed-text.ts";
import { hex, named, Section } from "../section.ts";

const HEADER_BYTES = 12;
const TYPES = {
  A: dnsType.a,
  SOA: dnsType.soa,
  PTR: dnsType.ptr,
  AAAA: dnsType.aaaa,
  OPT: dnsType.opt,
} as const;
const type = named(TYPES);
const opcodeText = named(dnsOpcode);
const responseText = named(dnsResponseCode);
const RESPONSE = 0x8000;
const QUERY_FLAGS = [
  ["dns.flags.response", RESPONSE],
  ["dns.flags.truncated", 0x0200],
  ["dns.flags.recdesired", 0x0100],
] as const;
/** What only an answer says. */
const RESPONSE_FLAGS = [
  ["dns.flags.authoritative", 0x0400],
  ["dns.flags.recavail", 0x0080],
] as const;

export function dissectDns(layers: Layers, start: number, end: number): void {
  const section = Section.of(layers.frame, start, end);
  const parsed = parseDns(section.bytes);
  addHeader(section);
  if (parsed.kind !== "dns") {
    const why = malformedText(parsed.reason);
    section.malformed(why, Math.min(HEADER_BYTES, section.length));
    layers.say({ protocol: "DNS", info: `Malformed: ${why}` });
    layers.protocol("dns", section, "Domain Name System");
    return;
  }
  let at = HEADER_BYTES;
  for (const question of parsed.questions) at = addQuestion(section, at, question.name);
  const records = [...parsed.answers, ...parsed.authorities, ...parsed.additionals];
  const answers: string[] = [];
  for (const record of records) {
    const { next, shown } = addRecord(section, at, record.name);
    at = next;
    answers.push(shown);
  }
  const asked = parsed.questions
    .map(({ name, type: of }) => `${type(of).split(" ")[0]} ${name || "."}`)
    .join(", ");
  const code = responseText(parsed.responseCode);
  const answer = parsed.responseCode === dnsResponseCode.noError ? answers.join(", ") || "nothing" : code;
  layers.say({ protocol: "DNS", info: parsed.response ? `${asked}: ${answer}` : `${asked}?` });
  layers.protocol("dns", section, "Domain Name System");
}

function addHeader(section: Section): void {
  section.u16("dns.id", 0, hex(4));
  const flags = section.length >= 4 ? readU16(section.bytes, 2) : 0;
  section.group("dns.flags", 2, 2, { value: flags, text: hex(4)(flags) }, (inner) => {
    const response = (flags & RESPONSE) !== 0;
    for (const [name, mask] of response ? [...QUERY_FLAGS, ...RESPONSE_FLAGS] : QUERY_FLAGS)
      inner.flag(name, 2, 2, mask);
    const opcode = (flags >> 11) & 0xf;
    inner.add("dns.flags.opcode", 2, 2, opcode, opcodeText(opcode));
    if (response) inner.add("dns.flags.rcode", 2, 2, flags & 0xf, responseText(flags & 0xf));
  });
  section.u16("dns.count.queries", 4);
  section.u16("dns.count.answers", 6);
  section.u16("dns.count.auth_rr", 8);
  section.u16("dns.count.add_rr", 10);
}

/** The names were read before: they are there. Returns where the next thing begins. */
function addQuestion(section: Section, at: number, name: string): number {
  const fixed = readName(section.bytes, at)?.next ?? section.length;
  section.group("dns.qry", at, fixed + 4 - at, { text: name }, (inner) => {
    inner.text("dns.qry.name", at, fixed - at, name);
    inner.u16("dns.qry.type", fixed, type);
    inner.u16("dns.qry.class", fixed + 2);
  });
  return fixed + 4;
}

function addRecord(
  section: Section,
  at: number,
  name: string,
): { readonly next: number; readonly shown: string } {
  const { bytes } = section;
  const fixed = readName(bytes, at)?.next ?? section.length;
  const of = readU16(bytes, fixed);
  const data = fixed + 10;
  const length = readU16(bytes, fixed + 8);
  const pointer = of === dnsType.ptr ? readName(bytes, data)?.name : undefined;
  const address = of === dnsType.a && length === 4 ? formatIpv4(readU32(bytes, data)) : undefined;
  section.group("dns.resp", at, data + length - at, { text: name }, (inner) => {
    inner.text("dns.resp.name", at, fixed - at, name);
    inner.u16("dns.resp.type", fixed, type);
    inner.u16("dns.resp.class", fixed + 2);
    inner.u32("dns.resp.ttl", fixed + 4);
    inner.u16("dns.resp.len", fixed + 8);
    if (address !== undefined) inner.ipv4("dns.a", data);
    else if (pointer !== undefined) inner.text("dns.ptr.domain_name", data, length, pointer);
    else inner.octets("dns.resp.data", data, length);
  });
  return { next: data + length, shown: address ?? pointer ?? type(of) };
}
