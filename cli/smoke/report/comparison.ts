import type { MilestoneName } from "../../../worker/interface.ts";
import { type BlockRun, blocksOf, runsOf } from "../boot/block-map.ts";
import type { CaseReport } from "./case-report.ts";

/** What is worse than it was in an earlier report. */
export interface Comparison {
  /** Milestones that took longer, counted from the one before. */
  readonly slower: readonly {
    readonly milestone: MilestoneName;
    readonly wasMs: number;
    readonly isMs: number;
  }[];
  /** What was read of the root more than before; absent where it was not. */
  readonly reads?: {
    readonly moreBytes: number;
    readonly moreRequests: number;
    /** In units of the report's `root.blockBytes`: blocks that were not read before. */
    readonly newBlocks: readonly BlockRun[];
  };
  /** Lines of the console that warn, and did not before. */
  readonly newWarnings: readonly string[];
}

/** Of a report, what a comparison looks at: an older version may have written it. */
export type Baseline = Pick<CaseReport, "name" | "milestones" | "warnings" | "root">;

/** A milestone is slower where it takes longer by both: a machine is never twice as fast. */
const [SLOWER_BY, SLOWER_BY_MS] = [1.25, 500];

export function compare(report: CaseReport, before: Baseline): Comparison {
  const reads = moreReads(report.root, before.root);
  return {
    slower: slower(report, before),
    ...(reads !== undefined && { reads }),
    newWarnings: report.warnings.filter((line) => !before.warnings.includes(line)),
  };
}

function slower(report: CaseReport, before: Baseline): Comparison["slower"] {
  const was = new Map(took(before));
  return took(report).flatMap(([milestone, isMs]) => {
    const wasMs = was.get(milestone);
    if (wasMs === undefined || isMs <= wasMs * SLOWER_BY || isMs - wasMs <= SLOWER_BY_MS) return [];
    return [{ milestone, wasMs, isMs }];
  });
}

function took({ milestones }: Pick<CaseReport, "milestones">): [MilestoneName, number][] {
  let before = 0;
  return milestones
    .filter(({ state, atMs }) => state === "done" && atMs !== undefined)
    .toSorted((a, b) => a.atMs! - b.atMs!)
    .map(({ name, atMs }) => {
      const tookMs = Math.round(atMs! - before);
      before = atMs!;
      return [name, tookMs];
    });
}

function moreReads(is: CaseReport["root"], was: CaseReport["root"]): Comparison["reads"] {
  if (is === undefined || was === undefined || is.blockBytes !== was.blockBytes) return undefined;
  const before = new Set(blocksOf(was.blocks));
  const newBlocks = runsOf(blocksOf(is.blocks).filter((block) => !before.has(block)));
  const moreBytes = is.readBytes - was.readBytes;
  const moreRequests = is.requests - was.requests;
  if (moreBytes <= 0 && newBlocks.length === 0) return undefined;
  return { moreBytes, moreRequests, newBlocks };
}

/** In sentences, for a person. */
export function comparisonLines({ slower, reads, newWarnings }: Comparison, blockBytes = 0): string[] {
  const seconds = (ms: number) => `${(ms / 1000).toFixed(1)} s`;
  const lines = slower.map(
    ({ milestone, wasMs, isMs }) => `${milestone} took ${seconds(isMs)}, and ${seconds(wasMs)} before`,
  );
  if (reads !== undefined) {
    const blocks = reads.newBlocks.reduce((sum, [, count]) => sum + count, 0);
    lines.push(
      `${signed(reads.moreBytes / 1e6, 1)} MB and ${signed(reads.moreRequests, 0)} reads of the root, ${blocks} blocks of ${blockBytes / 1024} KiB not read before`,
    );
  }
  return [...lines, ...newWarnings.map((line) => `a new warning: ${line}`)];
}

function signed(value: number, digits: number): string {
  return `${value < 0 ? "" : "+"}${value.toFixed(digits)}`;
}
