import { layersOnDisk, rootExport } from "../../net/kiwi/layer-parameter.ts";
import type { MachineSettings, Problem } from "../interface.ts";
import type { Platform } from "../platform.ts";
import { type Disk, DiskError } from "./disk.ts";
import { exportIdentity } from "./export-identity.ts";
import { layeredOver, layOver, sameExport } from "./layered-over.ts";
import { diskFailed, diskOfOtherExport, diskRefused, diskUnchecked, noDisks } from "./problems.ts";
import { DiskRefusal } from "./shelf.ts";

const MEBIBYTE = 1024 * 1024;
const DEFAULT_MIB = 2048;

export type DiskResult =
  | { readonly ok: true; readonly disk: Disk; readonly warning?: Problem }
  | { readonly ok: false; readonly problem: Problem };

/**
 * Opens the disk that a machine's settings ask for, and sees that it is laid over the export that it was laid over before. Never
 * rejects.
 */
export async function openLayerDisk(
  settings: MachineSettings & Pick<Required<MachineSettings>, "disk">,
  platform: Platform,
  signal: AbortSignal,
): Promise<DiskResult> {
  const { disk: wanted, append, wireUrl } = settings;
  if (platform.disks === undefined) return { ok: false, problem: noDisks(wanted.name) };
  let disk: Disk | undefined;
  try {
    disk = await platform.disks.open(wanted.name, (wanted.newMiB ?? DEFAULT_MIB) * MEBIBYTE);
    const name = layersOnDisk(append) ? rootExport(append) : undefined;
    // What is no layer of ours is nobody's business but the guest's.
    if (name === undefined || signal.aborted) return { ok: true, disk };
    const before = layeredOver(disk);
    const now = await exportIdentity(platform, wireUrl, name, signal);
    if (now === undefined) return { ok: true, disk, warning: diskUnchecked(wanted.name, name) };
    if (before !== undefined && !sameExport(before, now) && wanted.overOther !== true) {
      disk.close();
      return { ok: false, problem: diskOfOtherExport(wanted.name, before, now) };
    }
    if (before === undefined || !sameExport(before, now)) layOver(disk, now);
    return { ok: true, disk };
  } catch (error) {
    disk?.close();
    if (error instanceof DiskRefusal) return { ok: false, problem: diskRefused(error) };
    if (error instanceof DiskError) return { ok: false, problem: diskFailed(wanted.name, error) };
    throw error;
  }
}
