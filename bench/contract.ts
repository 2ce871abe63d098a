import { MILESTONES, type MilestoneName } from "../worker/interface.ts";
import { CHECKPOINT, STOCK, STOCK_TUNED } from "./boots.ts";
import { type Medians, type Pair, ratio } from "./report.ts";

/** Power-on to prompt, divided; `null` where one of the two was not measured. */
export interface ContractRatios {
  readonly node: number | null;
  readonly chromium: number | null;
  readonly chromiumOverNode: number | null;
  /** Chromium over qemu with the same root and the stock kiwi initrd and kernel parameters. */
  readonly default: number | null;
  /** The same, where qemu is given the kernel parameters of our own boot entry, so that only the initrds differ. */
  readonly defaultTuned: number | null;
  /** Chromium from a checkpoint over qemu cold. */
  readonly checkpoint: number | null;
}

export function contractRatios(summary: Medians): ContractRatios {
  return {
    node: ratio(summary, ["qemu", "node"]),
    chromium: ratio(summary, ["qemu", "chromium"]),
    chromiumOverNode: ratio(summary, ["node", "chromium"]),
    default: ratio(summary, [STOCK, "chromium"]),
    defaultTuned: ratio(summary, [STOCK_TUNED, "chromium"]),
    checkpoint: ratio(summary, ["qemu", CHECKPOINT]),
  };
}

/** For each pair of a comparison, the ratio at each milestone. */
export function pairRatios(
  summary: Medians,
  pairs: readonly Pair[],
): Record<string, Partial<Record<MilestoneName, number>>> {
  return Object.fromEntries(
    pairs.map((pair) => {
      const ratios: Partial<Record<MilestoneName, number>> = {};
      for (const { name } of MILESTONES) {
        const value = ratio(summary, pair, name);
        if (value !== null) ratios[name] = value;
      }
      return [`${pair[1]} / ${pair[0]}`, ratios];
    }),
  );
}
