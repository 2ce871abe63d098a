import { resolve } from "node:path";
import { type AoeAddress, formatAoeAddress } from "../../net/aoe/address.ts";
import type { Configuration } from "../config/schema.ts";

/** An export that is a target of ATA over Ethernet, and where. */
export interface AoePlace {
  readonly name: string;
  readonly address: AoeAddress;
  /** The image that the real vblade serves on the uplink; the relay's own target serves the export unless given. */
  readonly vblade?: { readonly image: string; readonly readOnly: boolean };
}

const SHELF = 0;
const FIRST_SLOT = 1;
/** 255 stands for every slot (AoEr11 section 2). */
const LAST_SLOT = 254;

/**
 * Which exports are AoE targets: those that netroot.toml gives a place, and the others in the free slots of shelf 0, e0.1
 * first, in the order in which they are named. With an uplink somebody else may have these: then only what is declared.
 */
export function aoePlaces(
  tree: string,
  names: readonly string[],
  { export: declared, uplink }: Pick<Configuration, "export" | "uplink">,
): readonly AoePlace[] {
  const entries = new Map(declared.map((entry) => [entry.name, entry]));
  const taken = new Set(declared.flatMap(({ aoe }) => (aoe ? [formatAoeAddress(aoe)] : [])));
  let slot = FIRST_SLOT;
  const places: AoePlace[] = [];
  for (const name of names) {
    const { aoe, vblade, image, readonly: readOnly = true } = entries.get(name) ?? {};
    if (aoe === false) continue;
    if (aoe !== undefined) {
      const blade =
        vblade && image !== undefined ? { vblade: { image: resolve(tree, image), readOnly } } : {};
      places.push({ name, address: aoe, ...blade });
      continue;
    }
    while (taken.has(formatAoeAddress({ shelf: SHELF, slot }))) slot++;
    if (uplink.tap === undefined && slot <= LAST_SLOT)
      places.push({ name, address: { shelf: SHELF, slot: slot++ } });
  }
  return places;
}
