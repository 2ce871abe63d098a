import { SmokeError } from "../errors.ts";
import type { RootKind } from "../plan.ts";

/** What is there to have a root from. */
export interface Roots {
  /** The boot server's address. */
  readonly server: string;
  /** `aoe` is the target that an export is: "e0.1". */
  readonly exports: readonly { readonly name: string; readonly aoe?: string }[];
}

/**
 * The command line with its root on the way that is wanted: the same export, or the only one there is.
 * Throws a `SmokeError` where that export is none, or has no AoE target.
 */
export function withRoot(append: string, kind: RootKind, { server, exports }: Roots): string {
  const words = append.split(/\s+/).filter((word) => word !== "");
  const root = words.findLast((word) => word.startsWith("root=")) ?? "";
  const nbd = /^root=overlay:nbd=[^:]*:(.*)$/.exec(root)?.[1];
  const aoe = /^root=overlay:aoe=(e\d+\.\d+)/.exec(root)?.[1];
  if (kind === "nbd" && nbd !== undefined) return append;
  if (kind === "aoe" && aoe !== undefined) return append;
  const named = exports.find(
    ({ name, aoe: target }) => name === nbd || (aoe !== undefined && target === aoe),
  );
  const used = named ?? (nbd === undefined && exports.length === 1 ? exports[0] : undefined);
  if (used === undefined) {
    const there = exports.map(({ name }) => name).join(", ") || "none";
    throw new SmokeError(
      "usage",
      `--root ${kind} needs an export that the command line names; it has ${root || "no root="}, and the exports are: ${there}.`,
    );
  }
  if (kind === "aoe" && used.aoe === undefined)
    throw new SmokeError(
      "usage",
      `--root aoe needs an AoE target: give the export ${used.name} one in netroot.toml (aoe = "e0.1").`,
    );
  const value = kind === "nbd" ? `nbd=${server}:${used.name}` : `aoe=${used.aoe}`;
  const others = words.filter((word) => !word.startsWith("root=") && word !== "rd.driver.post=aoe");
  return [`root=overlay:${value}`, ...(kind === "aoe" ? ["rd.driver.post=aoe"] : []), ...others].join(" ");
}
