import { MILESTONES, type Milestone } from "../../worker/interface.ts";
import type { Download } from "../machine/machine-state.ts";

const TOTAL_WEIGHT = MILESTONES.reduce((sum, { weight }) => sum + weight, 0);

/** How much of the boot is behind us, 0 to 1, by the milestones' weights. A running download counts by its bytes. */
export function bootFraction(milestones: readonly Milestone[], downloads: readonly Download[]): number {
  let weight = 0;
  for (const step of MILESTONES) {
    const milestone = milestones.find((one) => one.name === step.name);
    weight += step.weight * stepFraction(milestone, downloads);
  }
  return weight / TOTAL_WEIGHT;
}

/** How much of this one milestone is behind us, 0 to 1. */
export function stepFraction(milestone: Milestone | undefined, downloads: readonly Download[]): number {
  if (milestone === undefined) return 0;
  switch (milestone.state) {
    case "done":
    case "skipped":
      return 1;
    case "running":
      return milestone.name === "download" ? downloadFraction(downloads) : 0;
    case "waiting":
    case "failed":
      return 0;
    default:
      return milestone.state satisfies never;
  }
}

/** 0 as long as a file of unknown size is under way. */
export function downloadFraction(downloads: readonly Download[]): number {
  let received = 0;
  let total = 0;
  for (const { receivedBytes, totalBytes } of downloads) {
    if (totalBytes === undefined) return 0;
    received += receivedBytes;
    total += totalBytes;
  }
  return total === 0 ? 0 : Math.min(1, received / total);
}
