import { resolve } from "node:path";
import type { AoeAddress } from "../../../net/aoe/address.ts";
import type { Configuration, ExportConfiguration } from "../../../relay/config/schema.ts";
import type { PlannedExport } from "../../../relay/exports/plan-exports.ts";

/**
 * The exports of a tree as netroot.toml would declare them, with absolute paths; an export without a file or a server is left out.
 * @param how with "targets" each is an AoE target as well: in slot 1 of shelf 0 and onwards, where it has none
 */
export function declared(
  tree: string,
  planned: readonly PlannedExport[],
  configuration: Configuration,
  how?: "targets",
): ExportConfiguration[] {
  const written = new Map(configuration.export.map((each) => [each.name, each]));
  const taken = new Set(
    configuration.export.flatMap(({ aoe }) => (aoe && aoe.shelf === 0 ? [aoe.slot] : [])),
  );
  const free = (): AoeAddress => {
    let slot = 1;
    while (taken.has(slot)) slot += 1;
    taken.add(slot);
    return { shelf: 0, slot };
  };
  return planned.flatMap(({ name, readOnly, source }) => {
    const place = placeOf(tree, source);
    if (place === undefined) return [];
    const aoe = written.get(name)?.aoe ?? (how === "targets" ? free() : undefined);
    return [{ name, ...place, readonly: readOnly, ...(aoe !== undefined && { aoe }) }];
  });
}

function placeOf(tree: string, source: PlannedExport["source"]) {
  if (source.kind === "server") return { server: source.url };
  const path = source.kind === "image" ? source.path : source.section.path;
  return path === undefined ? undefined : { image: resolve(tree, path) };
}
