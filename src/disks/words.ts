import type { DiskState, KeptDisk } from "../../worker/interface.ts";
import { formatBytes } from "../format.ts";

/** What is known of a disk, in a line. */
export function diskFacts({ sizeBytes, usedBytes, over, busy, damaged }: KeptDisk): string {
  if (damaged !== undefined) return `${formatBytes(usedBytes)}. ${damaged}`;
  const facts = [
    `${formatBytes(usedBytes)} used of ${formatBytes(sizeBytes)}`,
    over === undefined ? "laid over no export yet" : `laid over ${over}`,
    ...(busy ? ["in use now"] : []),
  ];
  return `${facts.join(", ")}.`;
}

/** The disk of the machine that runs. */
export function diskStateText({ name, sizeBytes, usedBytes, unsynced }: DiskState): string {
  const used = `${name}: ${formatBytes(usedBytes)} used of ${formatBytes(sizeBytes)}`;
  return `${used}, ${unsynced ? "the newest writes are not synced yet" : "all synced"}.`;
}

/** Whether the browser may throw disks away when it wants room. */
export function persistenceText(persisted: boolean, asked: boolean): string {
  if (persisted) return "It keeps it until you delete it.";
  return asked
    ? "It was asked to keep it for good, and did not promise to: when it runs out of room it may delete it. Download what matters."
    : "It may delete it when it runs out of room; it is asked to keep it for good when you first use a disk.";
}
