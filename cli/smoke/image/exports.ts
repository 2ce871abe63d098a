import { resolve } from "node:path";
import type { AoeAddress } from "../../../net/aoe/address.ts";
import type { ExportConfiguration } from "../../../relay/config/schema.ts";
import type { PlannedExport } from "../../../relay/exports/plan-exports.ts";

/**
 * The exports of a tree as netroot.toml would declare them, with absolute paths; an export without a file or a server is left out.
 * @param places of those that are AoE targets
 */
export function declared(
  tree: string,
  planned: readonly PlannedExport[],
  places: ReadonlyMap<string, AoeAddress>,
): ExportConfiguration[] {
  return planned.flatMap(({ name, readOnly, source }) => {
    const place = placeOf(tree, source);
    return place === undefined
      ? []
      : [{ name, ...place, readonly: readOnly, aoe: places.get(name) ?? false }];
  });
}

function placeOf(tree: string, source: PlannedExport["source"]) {
  if (source.kind === "server") return { server: source.url };
  const path = source.kind === "image" ? source.path : source.section.path;
  return path === undefined ? undefined : { image: resolve(tree, path) };
}
