import { catalogue, type FieldName } from "../../net/dissect/catalogue/catalogue.ts";
import type { FieldKind } from "../../net/dissect/catalogue/kind.ts";
import { Conversations } from "../../net/dissect/conversations/conversations.ts";
import { dissect } from "../../net/dissect/dissect.ts";
import type { Dissection, Field, FieldValue } from "../../net/dissect/field.ts";
import { formatMac } from "../../net/ethernet/mac.ts";
import { hexFromOctets } from "../../net/ethernet/octets.ts";
import { formatIpv4 } from "../../net/ipv4/address.ts";
import type { CapturePacket } from "../../net/pcapng/write.ts";
import { fieldsByTshark, knownFields } from "./tshark.ts";

export interface Difference {
  readonly frame: number;
  readonly name: string;
  readonly ours: readonly string[];
  readonly theirs: readonly string[];
}

export interface Agreement {
  /** What neither side explains. */
  readonly unexplained: readonly Difference[];
  /** Values that were the same, by field. */
  readonly agreed: ReadonlyMap<string, number>;
  /** Why values differed, and how often. */
  readonly explained: ReadonlyMap<string, number>;
  /** Frames whose innermost protocol is this one, as both say. */
  readonly protocols: ReadonlyMap<string, number>;
}

interface Frame {
  readonly dissection: Dissection;
  readonly theirs: ReadonlyMap<string, readonly string[]>;
}

/** Every difference that there may be, and why. */
const EXPLANATIONS: readonly {
  readonly why: string;
  readonly explains: (difference: Difference, frame: Frame) => boolean;
}[] = [
  {
    why: "IPv6 is not read here: it is data",
    explains: ({ name }, { theirs }) =>
      Number(theirs.get("eth.type")?.[0]) === 0x86dd && /^(ip|data)\./.test(name),
  },
  {
    why: "tshark gives the mark behind the last DHCP option the number 0, RFC 2132 section 3.2 has 255",
    explains: ({ name, ours, theirs }) =>
      name === "dhcp.option.type" && same([...ours.slice(0, -1), "0"], theirs) && ours.at(-1) === "255",
  },
  {
    why: "tshark takes the time out of a ping's data, where there is one",
    explains: ({ name, ours, theirs }, { dissection }) =>
      dissection.summary.protocol === "ICMP" &&
      (name === "data.len" || (name === "data.data" && ours[0]?.endsWith(theirs[0] ?? "?") === true)),
  },
  {
    why: "Debian 12's tshark does not read NBD's handshake: it is data, and not put together",
    explains: ({ name }, { dissection, theirs }) =>
      /^(data\.|tcp\.segment|frame\.protocols)/.test(name) &&
      theirs.get("frame.protocols")?.[0]?.endsWith("tcp:data") === true &&
      dissection.fields.every((field) => field.name !== "data"),
  },
  {
    why: "tshark repeats the file's name in every frame of a transfer",
    explains: ({ name, ours }) => name === "tftp.destination_file" && ours.length === 0,
  },
  {
    why: "of an NBD payload that came in several segments, only what is in this one is here",
    explains: ({ name, ours, theirs }) =>
      name === "nbd.data" &&
      theirs.length === ours.length &&
      theirs.every((whole, at) => whole.endsWith(ours[at]!)),
  },
];

/** Compares what we read of a capture with what tshark reads of it, field by field and frame by frame. */
export async function compareWithTshark(file: string, packets: readonly CapturePacket[]): Promise<Agreement> {
  const known = await knownFields();
  const names = (Object.keys(catalogue) as FieldName[]).filter(
    (name) => known.has(name) && kindOf(name) !== "presence",
  );
  const rows = await fieldsByTshark(file, [...names, "frame.protocols"]);
  const agreement = {
    unexplained: [] as Difference[],
    agreed: new Map<string, number>(),
    explained: new Map<string, number>(),
    protocols: new Map<string, number>(),
  };
  for (const [index, dissection] of readAll(packets).entries()) {
    const frame = { dissection, theirs: rows[index]! };
    compareFrame(index + 1, frame, names, agreement);
  }
  return agreement;
}

function readAll(packets: readonly CapturePacket[]): Dissection[] {
  const conversations = new Conversations();
  const startMs = packets[0]?.epochMs ?? 0;
  return packets.map(({ bytes, epochMs, direction }) =>
    dissect(bytes, conversations.observe({ bytes, timeMs: epochMs - startMs, direction })),
  );
}

function compareFrame(
  number: number,
  frame: Frame,
  names: readonly FieldName[],
  {
    unexplained,
    agreed,
    explained,
    protocols,
  }: {
    readonly unexplained: Difference[];
    readonly agreed: Map<string, number>;
    readonly explained: Map<string, number>;
    readonly protocols: Map<string, number>;
  },
): void {
  const ours = valuesOf(frame.dissection.fields);
  const differ = (difference: Difference) => {
    const why = EXPLANATIONS.find(({ explains }) => explains(difference, frame))?.why;
    if (why === undefined) unexplained.push(difference);
    else count(explained, why);
  };
  for (const name of names) {
    const kind = kindOf(name);
    const theirs = (frame.theirs.get(name) ?? []).map((text) => plain(kind, text));
    const own = (ours.get(name) ?? []).map((value) => shown(kind, value));
    if (agrees(kind, own, theirs)) {
      if (own.length > 0) count(agreed, name, own.length);
    } else {
      differ({ frame: number, name, ours: own, theirs });
    }
  }
  const protocol = frame.dissection.summary.protocol.toLowerCase();
  const theirs = frame.theirs.get("frame.protocols")?.[0]?.split(":") ?? [];
  if (theirs.includes(protocol === "ethernet" ? "ipv6" : protocol)) count(protocols, protocol);
  else differ({ frame: number, name: "frame.protocols", ours: [protocol], theirs });
}

function valuesOf(
  fields: readonly Field[],
  into = new Map<string, FieldValue[]>(),
): Map<string, FieldValue[]> {
  for (const { name, value, children } of fields) {
    const before = into.get(name);
    if (before === undefined) into.set(name, [value]);
    else before.push(value);
    valuesOf(children, into);
  }
  return into;
}

function kindOf(name: FieldName): FieldKind {
  return catalogue[name].kind;
}

/** A value as tshark writes it, in the plainest of its ways. */
function shown(kind: FieldKind, value: FieldValue): string {
  if (kind === "ipv4") return formatIpv4(Number(value));
  if (kind === "mac") return formatMac(Number(value));
  if (kind === "flag") return value === true ? "1" : "0";
  return value instanceof Uint8Array ? hexFromOctets(value) : String(value);
}

function plain(kind: FieldKind, text: string): string {
  if (kind === "number") return String(BigInt(text));
  if (kind === "octets") return text.replaceAll(":", "");
  // Versions from 4.2 on write words.
  if (kind === "flag") return text === "True" ? "1" : text === "False" ? "0" : text;
  return text;
}

/** Times are kept to the microsecond. */
function agrees(kind: FieldKind, ours: readonly string[], theirs: readonly string[]): boolean {
  if (kind !== "seconds") return same(ours, theirs);
  return (
    ours.length === theirs.length &&
    ours.every((own, at) => Math.abs(Number(own) - Number(theirs[at])) < 2e-6)
  );
}

function same(ours: readonly string[], theirs: readonly string[]): boolean {
  return ours.length === theirs.length && ours.every((own, at) => own === theirs[at]);
}

function count(counts: Map<string, number>, key: string, by = 1): void {
  counts.set(key, (counts.get(key) ?? 0) + by);
}
