import { applicationFields } from "./application-fields.ts";
import { blockFields } from "./block-fields.ts";
import type { FieldEntry } from "./kind.ts";
import { linkFields } from "./link-fields.ts";

/** Every field that a dissection can have, by name. */
export const catalogue = { ...linkFields, ...applicationFields, ...blockFields } as const;

export type FieldName = keyof typeof catalogue;

/** Names that stand for several fields: `ip.addr` is the source or the destination. */
export const aliases = {
  "eth.addr": ["eth.src", "eth.dst"],
  "ip.addr": ["ip.src", "ip.dst"],
  "udp.port": ["udp.srcport", "udp.dstport"],
  "tcp.port": ["tcp.srcport", "tcp.dstport"],
} as const satisfies Record<string, readonly FieldName[]>;

export type AliasName = keyof typeof aliases;

/** The fields that a name in a filter stands for; `undefined` when it is no name. */
export function fieldsOf(name: string): readonly FieldName[] | undefined {
  if (Object.hasOwn(aliases, name)) return aliases[name as AliasName];
  return Object.hasOwn(catalogue, name) ? [name as FieldName] : undefined;
}

/** All names that a filter can use, in the order of the alphabet. */
export const filterNames: readonly string[] = [...Object.keys(catalogue), ...Object.keys(aliases)].sort();

export function entryOf(name: FieldName): FieldEntry {
  return catalogue[name];
}
