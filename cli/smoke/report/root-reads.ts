import type { RelayStatus } from "../../../net/status/status.ts";
import { BLOCK_BYTES } from "../boot/block-map.ts";
import type { Traffic } from "../boot/traffic.ts";
import type { RootReads } from "./case-report.ts";

/** What the relay counted for the export that a command line names, and its blocks that the guest asked for; undefined where it names none. */
export function rootReads(
  append: string,
  { exports }: Pick<RelayStatus, "exports">,
  traffic: Pick<Traffic, "readBlocks">,
): RootReads | undefined {
  const root = append.split(/\s+/).findLast((word) => word.startsWith("root=")) ?? "";
  // kiwi-overlay's way to say it, and that of dracut's own module nbd.
  const nbd = /^root=(?:overlay:nbd=[^:]*:(.*)|nbd:[^:]*:([^:]*).*)$/.exec(root)?.slice(1).find(Boolean);
  const aoe = /^root=overlay:aoe=(e\d+\.\d+)/.exec(root)?.[1];
  const used = exports.find(({ name, aoe: target }) => name === nbd || (aoe !== undefined && target === aoe));
  if (used === undefined) return undefined;
  const { name, readBytes, reads, aheadBytes, sizeBytes } = used;
  return {
    kind: aoe === undefined ? "nbd" : "aoe",
    export: name,
    sizeBytes,
    readBytes,
    requests: reads,
    aheadBytes,
    blockBytes: BLOCK_BYTES,
    blocks: traffic.readBlocks(aoe ?? name),
  };
}
