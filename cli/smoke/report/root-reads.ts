import type { RelayStatus } from "../../../net/status/status.ts";
import type { RootReads } from "./case-report.ts";

/** What the relay counted for the export that a command line names; undefined where it names none. */
export function rootReads(append: string, { exports }: Pick<RelayStatus, "exports">): RootReads | undefined {
  const root = append.split(/\s+/).findLast((word) => word.startsWith("root=")) ?? "";
  const nbd = /^root=overlay:nbd=[^:]*:(.*)$/.exec(root)?.[1];
  const aoe = /^root=overlay:aoe=(e\d+\.\d+)/.exec(root)?.[1];
  const used = exports.find(({ name, aoe: target }) => name === nbd || (aoe !== undefined && target === aoe));
  if (used === undefined) return undefined;
  const { name, readBytes, reads, aheadBytes } = used;
  return { kind: aoe === undefined ? "nbd" : "aoe", export: name, readBytes, requests: reads, aheadBytes };
}
