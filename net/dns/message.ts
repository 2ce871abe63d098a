// DNS messages, RFC 1035 section 4.
import { type Malformed, malformed } from "../ethernet/malformed.ts";
import { concatOctets, hexFromOctets, readU16, readU32, writeU16, writeU32 } from "../ethernet/octets.ts";
import type { Ipv4Address } from "../ipv4/address.ts";
import { nameLabels, readName } from "./name.ts";

const ID = 0;
const FLAGS = 2;
const QDCOUNT = 4;
const ANCOUNT = 6;
const NSCOUNT = 8;
const ARCOUNT = 10;
const HEADER_BYTES = 12;

const FLAG_RESPONSE = 0x8000;
const FLAG_AUTHORITATIVE = 0x0400;
const FLAG_TRUNCATED = 0x0200;
const FLAG_RECURSION_DESIRED = 0x0100;
const FLAG_RECURSION_AVAILABLE = 0x0080;
/** The highest offset that a pointer can name. */
const POINTER_REACH = 0x3fff;

export const DNS_PORT = 53;
export const dnsType = { a: 1, soa: 6, ptr: 12, aaaa: 28, opt: 41, any: 255 } as const;
export const dnsClass = { internet: 1, any: 255 } as const;
export const dnsOpcode = { query: 0 } as const;
export const dnsResponseCode = {
  noError: 0,
  formatError: 1,
  nameError: 3,
  notImplemented: 4,
  refused: 5,
} as const;

export interface DnsQuestion {
  /** Labels joined by dots, in the case in which they came. */
  readonly name: string;
  readonly type: number;
  readonly class: number;
}

export interface DnsRecord {
  readonly name: string;
  readonly type: number;
  readonly class: number;
  readonly timeToLive: number;
  /** As it lies in the message; names in it may be compressed. Borrowed when parsed. */
  readonly data: Uint8Array;
}

export interface DnsMessage {
  readonly kind: "dns";
  readonly id: number;
  readonly response: boolean;
  /** One of `dnsOpcode`, or any other number. */
  readonly opcode: number;
  readonly authoritative: boolean;
  readonly truncated: boolean;
  readonly recursionDesired: boolean;
  readonly recursionAvailable: boolean;
  /** One of `dnsResponseCode`, or any other number. */
  readonly responseCode: number;
  readonly questions: readonly DnsQuestion[];
  readonly answers: readonly DnsRecord[];
  readonly authorities: readonly DnsRecord[];
  readonly additionals: readonly DnsRecord[];
}

export function parseDns(bytes: Uint8Array): DnsMessage | Malformed {
  if (bytes.length < HEADER_BYTES) return malformed("truncated");
  const flags = readU16(bytes, FLAGS);
  const questions: DnsQuestion[] = [];
  let at = HEADER_BYTES;
  for (let count = readU16(bytes, QDCOUNT); count > 0; count--) {
    const name = readName(bytes, at);
    if (name === undefined) return malformed("bad-value");
    if (name.next + 4 > bytes.length) return malformed("truncated");
    questions.push({
      name: name.name,
      type: readU16(bytes, name.next),
      class: readU16(bytes, name.next + 2),
    });
    at = name.next + 4;
  }
  const sections: DnsRecord[][] = [];
  for (const counter of [ANCOUNT, NSCOUNT, ARCOUNT]) {
    const records: DnsRecord[] = [];
    for (let count = readU16(bytes, counter); count > 0; count--) {
      const record = readRecord(bytes, at);
      if (record === undefined) return malformed("bad-value");
      records.push(record.record);
      at = record.next;
    }
    sections.push(records);
  }
  const [answers, authorities, additionals] = sections;
  return {
    kind: "dns",
    id: readU16(bytes, ID),
    response: (flags & FLAG_RESPONSE) !== 0,
    opcode: (flags >> 11) & 0xf,
    authoritative: (flags & FLAG_AUTHORITATIVE) !== 0,
    truncated: (flags & FLAG_TRUNCATED) !== 0,
    recursionDesired: (flags & FLAG_RECURSION_DESIRED) !== 0,
    recursionAvailable: (flags & FLAG_RECURSION_AVAILABLE) !== 0,
    responseCode: flags & 0xf,
    questions,
    answers: answers!,
    authorities: authorities!,
    additionals: additionals!,
  };
}

/** Writes a message; a name whose end was written before points there. Throws a RangeError for what is no name. */
export function serializeDns(message: Omit<DnsMessage, "kind">): Uint8Array {
  const header = new Uint8Array(HEADER_BYTES);
  writeU16(header, ID, message.id);
  writeU16(
    header,
    FLAGS,
    (message.response ? FLAG_RESPONSE : 0) |
      (message.opcode << 11) |
      (message.authoritative ? FLAG_AUTHORITATIVE : 0) |
      (message.truncated ? FLAG_TRUNCATED : 0) |
      (message.recursionDesired ? FLAG_RECURSION_DESIRED : 0) |
      (message.recursionAvailable ? FLAG_RECURSION_AVAILABLE : 0) |
      message.responseCode,
  );
  writeU16(header, QDCOUNT, message.questions.length);
  writeU16(header, ANCOUNT, message.answers.length);
  writeU16(header, NSCOUNT, message.authorities.length);
  writeU16(header, ARCOUNT, message.additionals.length);

  const writer = new NameWriter(header);
  for (const question of message.questions) {
    writer.name(question.name);
    const fixed = new Uint8Array(4);
    writeU16(fixed, 0, question.type);
    writeU16(fixed, 2, question.class);
    writer.bytes(fixed);
  }
  for (const record of [...message.answers, ...message.authorities, ...message.additionals]) {
    writer.name(record.name);
    const fixed = new Uint8Array(10);
    writeU16(fixed, 0, record.type);
    writeU16(fixed, 2, record.class);
    writeU32(fixed, 4, record.timeToLive);
    writeU16(fixed, 8, record.data.length);
    writer.bytes(fixed);
    writer.bytes(record.data);
  }
  return writer.finish();
}

/** The data of an A record. */
export function addressData(address: Ipv4Address): Uint8Array {
  const data = new Uint8Array(4);
  writeU32(data, 0, address);
  return data;
}

function readRecord(
  bytes: Uint8Array,
  at: number,
): { readonly record: DnsRecord; readonly next: number } | undefined {
  const name = readName(bytes, at);
  if (name === undefined || name.next + 10 > bytes.length) return undefined;
  const fixed = name.next;
  const next = fixed + 10 + readU16(bytes, fixed + 8);
  if (next > bytes.length) return undefined;
  const record = {
    name: name.name,
    type: readU16(bytes, fixed),
    class: readU16(bytes, fixed + 2),
    timeToLive: readU32(bytes, fixed + 4),
    data: bytes.subarray(fixed + 10, next),
  };
  return { record, next };
}

/** Puts a message together and remembers where each name's end was written. */
class NameWriter {
  readonly #pieces: Uint8Array[];
  readonly #written = new Map<string, number>();
  #length: number;

  constructor(header: Uint8Array) {
    this.#pieces = [header];
    this.#length = header.length;
  }

  bytes(piece: Uint8Array): void {
    this.#pieces.push(piece);
    this.#length += piece.length;
  }

  name(name: string): void {
    const labels = nameLabels(name);
    for (let first = 0; first < labels.length; first++) {
      const suffix = labels.slice(first).map(hexFromOctets).join(".");
      const before = this.#written.get(suffix);
      if (before !== undefined) {
        this.bytes(Uint8Array.of(0xc0 | (before >> 8), before & 0xff));
        return;
      }
      if (this.#length <= POINTER_REACH) this.#written.set(suffix, this.#length);
      this.bytes(Uint8Array.of(labels[first]!.length));
      this.bytes(labels[first]!);
    }
    this.bytes(Uint8Array.of(0));
  }

  finish(): Uint8Array {
    return concatOctets(this.#pieces);
  }
}
