// DHCP options: RFC 2132, long ones RFC 3396, user classes RFC 3004, those of PXE RFC 4578, those of PXELINUX RFC 5071.
import {
  concatOctets,
  octetsFromText,
  readU16,
  readU32,
  textFromOctets,
  writeU16,
  writeU32,
} from "../ethernet/octets.ts";
import type { Ipv4Address } from "../ipv4/address.ts";

/** How one kind of value lies in an option. `read` returns `undefined` for bytes that are none. */
interface OptionCodec<Value> {
  read(bytes: Uint8Array): Value | undefined;
  write(value: Value): Uint8Array;
}

const u8: OptionCodec<number> = {
  read: (bytes) => (bytes.length === 1 ? bytes[0] : undefined),
  write: (value) => Uint8Array.of(value),
};

const u16: OptionCodec<number> = {
  read: (bytes) => (bytes.length === 2 ? readU16(bytes, 0) : undefined),
  write: (value) => {
    const bytes = new Uint8Array(2);
    writeU16(bytes, 0, value);
    return bytes;
  },
};

/** An address, or a time in seconds. */
const u32: OptionCodec<number> = {
  read: (bytes) => (bytes.length === 4 ? readU32(bytes, 0) : undefined),
  write: (value) => {
    const bytes = new Uint8Array(4);
    writeU32(bytes, 0, value);
    return bytes;
  },
};

function listOf(codec: OptionCodec<number>, size: number): OptionCodec<readonly number[]> {
  return {
    read: (bytes) => {
      if (bytes.length === 0 || bytes.length % size !== 0) return undefined;
      const values: number[] = [];
      for (let at = 0; at < bytes.length; at += size) values.push(codec.read(bytes.subarray(at, at + size))!);
      return values;
    },
    write: (values) => concatOctets(values.map(codec.write)),
  };
}

const addresses: OptionCodec<readonly Ipv4Address[]> = listOf(u32, 4);

/** Octets as characters. Some clients end their text with a zero (RFC 2132 section 2 says to be ready for it). */
const text: OptionCodec<string> = {
  read: (bytes) => {
    const value = textFromOctets(bytes).replace(/\0+$/, "");
    return value === "" ? undefined : value;
  },
  write: octetsFromText,
};

const octets: OptionCodec<Uint8Array> = {
  read: (bytes) => (bytes.length === 0 ? undefined : bytes),
  write: (value) => value,
};

/** A text that clients may take for C's: some ROMs read on after the end of the option until they find a zero. */
const textWithZero: OptionCodec<string> = {
  read: text.read,
  write: (value) => octetsFromText(`${value}\0`),
};

/** RFC 4578 section 2.2: the version of the network interface's programming interface. */
export interface NetworkInterfaceVersion {
  /** 1 is UNDI. */
  readonly type: number;
  readonly major: number;
  readonly minor: number;
}

const interfaceVersion: OptionCodec<NetworkInterfaceVersion> = {
  read: (bytes) => {
    const [type, major, minor] = bytes;
    if (bytes.length !== 3 || type === undefined || major === undefined || minor === undefined)
      return undefined;
    return { type, major, minor };
  },
  write: ({ type, major, minor }) => Uint8Array.of(type, major, minor),
};

/** RFC 3004 section 4: texts with their lengths in front. iPXE and dhclient.conf's authors write one text and no length. */
const userClasses: OptionCodec<readonly string[]> = {
  read: (bytes) => {
    const classes: string[] = [];
    let at = 0;
    while (at < bytes.length) {
      const end = at + 1 + bytes[at]!;
      if (end === at + 1 || end > bytes.length) return [textFromOctets(bytes)];
      classes.push(textFromOctets(bytes.subarray(at + 1, end)));
      at = end;
    }
    return classes.length === 0 ? undefined : classes;
  },
  write: (classes) =>
    concatOctets(classes.flatMap((name) => [Uint8Array.of(name.length), octetsFromText(name)])),
};

/** What the options are called here, with their codes. Written to the wire in this order: some boot ROMs want 53 first. */
export const dhcpOption = {
  /** One of `dhcpMessageType`. */
  messageType: { code: 53, codec: u8 },
  serverIdentifier: { code: 54, codec: u32 },
  leaseSeconds: { code: 51, codec: u32 },
  /** T1: when the client begins to renew. */
  renewalSeconds: { code: 58, codec: u32 },
  /** T2: when it turns to any server. */
  rebindingSeconds: { code: 59, codec: u32 },
  subnetMask: { code: 1, codec: u32 },
  routers: { code: 3, codec: addresses },
  domainNameServers: { code: 6, codec: addresses },
  hostName: { code: 12, codec: text },
  domainName: { code: 15, codec: text },
  interfaceMtu: { code: 26, codec: u16 },
  broadcastAddress: { code: 28, codec: u32 },
  /** Encapsulated: see `encapsulated`. What is in it depends on the vendor class. */
  vendorOptions: { code: 43, codec: octets },
  requestedAddress: { code: 50, codec: u32 },
  /** The codes that the client would like to hear about. */
  parameterRequestList: { code: 55, codec: listOf(u8, 1) },
  /** Why a request was refused. */
  message: { code: 56, codec: text },
  maximumMessageBytes: { code: 57, codec: u16 },
  /** `PXEClient:Arch:00000:UNDI:002001`, for example. */
  vendorClass: { code: 60, codec: text },
  clientIdentifier: { code: 61, codec: octets },
  tftpServerName: { code: 66, codec: textWithZero },
  bootFileName: { code: 67, codec: textWithZero },
  /** At most 255 characters each. */
  userClasses: { code: 77, codec: userClasses },
  /** RFC 4578 section 2.1: 0 is a PC BIOS. */
  clientArchitectures: { code: 93, codec: listOf(u16, 2) },
  clientInterface: { code: 94, codec: interfaceVersion },
  /** RFC 4578 section 2.3: type 0 and the machine's UUID. */
  clientMachineIdentifier: { code: 97, codec: octets },
  /** RFC 5859. */
  tftpServers: { code: 150, codec: addresses },
  /** iPXE's own, encapsulated: what it can do in its requests, what it shall do in the answers. */
  ipxeOptions: { code: 175, codec: octets },
  /** RFC 5071 section 5: pxelinux reads this one instead of looking for its configuration. */
  pxelinuxConfigFile: { code: 209, codec: text },
  /** RFC 5071 section 6: what pxelinux puts in front of the names of files. */
  pxelinuxPathPrefix: { code: 210, codec: text },
} as const;

type OptionName = keyof typeof dhcpOption;
type OptionValue<Name extends OptionName> =
  (typeof dhcpOption)[Name]["codec"] extends OptionCodec<infer Value> ? Value : never;

/** The options of a message by name. */
export type DhcpOptions = { readonly [Name in OptionName]?: OptionValue<Name> } & {
  /** Options without a name here, and those whose value is not what it should be, by code. */
  readonly other?: ReadonlyMap<number, Uint8Array>;
};

export const dhcpMessageType = {
  discover: 1,
  offer: 2,
  request: 3,
  decline: 4,
  ack: 5,
  nak: 6,
  release: 7,
  inform: 8,
} as const;

const PAD = 0;
const END = 255;
const LARGEST_PIECE = 255;
const nameByCode = new Map(
  (Object.keys(dhcpOption) as OptionName[]).map((name) => [dhcpOption[name].code as number, name]),
);

/** The pieces of each option, by code: one that comes more than once is one long option (RFC 3396 section 7). */
export type OptionPieces = Map<number, Uint8Array[]>;

/** Adds a field's options to `found`. Lenient, as clients are: an option that is cut short ends the field. */
export function collectOptions(field: Uint8Array, found: OptionPieces): void {
  let at = 0;
  while (at < field.length) {
    const code = field[at]!;
    if (code === END) return;
    if (code === PAD) {
      at++;
      continue;
    }
    const length = field[at + 1];
    if (length === undefined || at + 2 + length > field.length) return;
    const piece = field.subarray(at + 2, at + 2 + length);
    const before = found.get(code);
    if (before === undefined) found.set(code, [piece]);
    else before.push(piece);
    at += 2 + length;
  }
}

/** Gives the options that were collected their names and values. */
export function parseDhcpOptions(found: OptionPieces): DhcpOptions {
  const named: Record<string, unknown> = {};
  const other = new Map<number, Uint8Array>();
  for (const [code, pieces] of found) {
    const bytes = pieces.length === 1 ? pieces[0]! : concatOctets(pieces);
    const name = nameByCode.get(code);
    const value = name === undefined ? undefined : dhcpOption[name].codec.read(bytes);
    if (name === undefined || value === undefined) other.set(code, bytes);
    else named[name] = value;
  }
  if (other.size > 0) named.other = other;
  return named;
}

/** Writes an options field; a value above 255 bytes goes in several pieces (RFC 3396 section 6). */
export function serializeDhcpOptions(options: DhcpOptions): Uint8Array {
  const found: [number, Uint8Array][] = [];
  for (const name of Object.keys(dhcpOption) as OptionName[]) {
    const value = options[name];
    if (value === undefined) continue;
    const { code, codec } = dhcpOption[name];
    found.push([code, (codec as OptionCodec<typeof value>).write(value)]);
  }
  return encapsulate([...found, ...(options.other ?? [])]);
}

/** Options within an option, by code (RFC 2132 section 8.4). Lenient, as `collectOptions` is. */
export function encapsulated(bytes: Uint8Array): ReadonlyMap<number, Uint8Array> {
  const found: OptionPieces = new Map();
  collectOptions(bytes, found);
  return new Map([...found].map(([code, pieces]) => [code, concatOctets(pieces)]));
}

/** Writes options, by code from 1 to 254, with their end mark. */
export function encapsulate(options: Iterable<readonly [number, Uint8Array]>): Uint8Array {
  const pieces: Uint8Array[] = [];
  for (const [code, bytes] of options) {
    let at = 0;
    do {
      const piece = bytes.subarray(at, at + LARGEST_PIECE);
      pieces.push(Uint8Array.of(code, piece.length), piece);
      at += LARGEST_PIECE;
    } while (at < bytes.length);
  }
  pieces.push(Uint8Array.of(END));
  return concatOctets(pieces);
}
