import type { MacAddress } from "../ethernet/mac.ts";
import { formatIpv4, type Ipv4Address } from "../ipv4/address.ts";
import { joinWords } from "./append.ts";
import { bootInterface } from "./lookup.ts";

/** What SYSAPPEND can say of a machine. What is not known is left out of the command line, as PXELINUX does it. */
export interface SysAppendFacts {
  readonly ip?: {
    readonly client: Ipv4Address;
    readonly server: Ipv4Address;
    readonly gateway: Ipv4Address;
    readonly netmask: Ipv4Address;
  };
  readonly mac?: MacAddress;
  /** Its bytes as they stand in the SMBIOS table: PXELINUX does not turn the first three fields round. */
  readonly uuid?: string;
  /** The family's digit and the letters of its features: `6P`. */
  readonly cpu?: string;
  /** The strings of the machine's SMBIOS tables, by the word that stands before the `=`. */
  readonly smbios?: Readonly<Partial<Record<SmbiosWord, string>>>;
}

/** In the order of their bits, from 0x10 on (syslinux.cfg, SYSAPPEND). */
const SMBIOS_WORDS = [
  "SYSVENDOR",
  "SYSPRODUCT",
  "SYSVERSION",
  "SYSSERIAL",
  "SYSSKU",
  "SYSFAMILY",
  "MBVENDOR",
  "MBPRODUCT",
  "MBVERSION",
  "MBSERIAL",
  "MBASSET",
  "BIOSVENDOR",
  "BIOSVERSION",
  "SYSFF",
] as const;
export type SmbiosWord = (typeof SMBIOS_WORDS)[number];

/** In the order of the bits. The last one is a file system's, which a network has none of. */
const NAMES: readonly string[] = ["ip", "BOOTIF", "SYSUUID", "CPU", ...SMBIOS_WORDS, "FSUUID"];

/**
 * The command line that a kernel is handed: the entry's, what SYSAPPEND adds, and what stands behind the label where it was
 * typed or stands in DEFAULT.
 */
export function commandLine(
  { append, sysAppend }: { readonly append: string; readonly sysAppend: number },
  facts: SysAppendFacts,
  more = "",
): string {
  return joinWords(append, ...sysAppendWords(sysAppend, facts), more);
}

/** The words that a SYSAPPEND or IPAPPEND mask adds to a command line, in the order of the bits. */
export function sysAppendWords(mask: number, facts: SysAppendFacts): string[] {
  const { ip, mac, uuid, cpu, smbios } = facts;
  const words: readonly (string | undefined)[] = [
    ip && `ip=${[ip.client, ip.server, ip.gateway, ip.netmask].map(formatIpv4).join(":")}`,
    mac === undefined ? undefined : `BOOTIF=${bootInterface(mac)}`,
    uuid && `SYSUUID=${uuid.toLowerCase()}`,
    cpu && `CPU=${cpu}`,
    ...SMBIOS_WORDS.map((word) => smbios?.[word] && `${word}=${smbios[word]}`),
  ];
  return words.flatMap((word, bit) =>
    word && Math.floor(mask / 2 ** bit) % 2 === 1 ? [withoutBlanks(word)] : [],
  );
}

/** The names of what a mask asks for, whether it is known or not: `ip`, `BOOTIF`. Bits without a meaning are nothing. */
export function sysAppendNames(mask: number): string[] {
  return NAMES.filter((_, bit) => Math.floor(mask / 2 ** bit) % 2 === 1);
}

/** A word of the command line has no blanks: they become underscores, several of them one. */
function withoutBlanks(text: string): string {
  return text.trim().replace(/\s+/g, "_");
}
