import type { Milestone, Problem, WireCounters } from "../../../worker/interface.ts";
import type { EXIT } from "../../command.ts";
import type { BlockRun } from "../boot/block-map.ts";
import type { ProtocolCount } from "../boot/traffic.ts";
import type { CheckResult } from "../checks/check-result.ts";
import type { Diagnosis } from "../diagnosis/diagnosis.ts";
import type { BootWay, EngineName, NicModel } from "../plan.ts";
import type { Comparison } from "./comparison.ts";

export type Verdict = Exclude<keyof typeof EXIT, "skipped">;

/** What is told of one case: `netroot smoke --json`. Things are added to it, and nothing is taken away. */
export interface CaseReport {
  readonly name: string;
  readonly verdict: Verdict;
  readonly exitCode: number;
  /** The first attempts failed, and a later one passed. */
  readonly flaky: boolean;
  readonly attempts: number;
  /** The tree, folder, kernel or relay that was booted. */
  readonly image: string;
  readonly engine: EngineName;
  /** See `CasePlan.twin`. */
  readonly twin?: string;
  readonly boot: BootWay;
  readonly nic: NicModel;
  readonly memoryMiB: number;
  readonly append: string;
  readonly startedAt: string;
  /** From power-on to the verdict. */
  readonly durationMs: number;
  readonly milestones: readonly Milestone[];
  readonly checks: readonly CheckResult[];
  readonly root?: RootReads;
  readonly diagnosis?: Diagnosis;
  readonly problems: readonly Problem[];
  /** Lines of the console that warn. */
  readonly warnings: readonly string[];
  readonly network?: WireCounters;
  /** What went over the wire, by protocol; absent where nothing was booted. */
  readonly traffic?: readonly ProtocolCount[];
  /** The end of the console's text. */
  readonly console: string;
  readonly screen: string;
  /** Files that were written beside the report. */
  readonly artefacts: readonly string[];
  /** Against an earlier report, where one was given that has this case. */
  readonly comparison?: Comparison;
}

/** What was read of the root image through this relay. */
export interface RootReads {
  readonly kind: "nbd" | "aoe";
  readonly export: string;
  /** Of the image. */
  readonly sizeBytes: number;
  readonly readBytes: number;
  readonly requests: number;
  /** Read ahead of the guest. */
  readonly aheadBytes: number;
  /** The unit of `blocks`. */
  readonly blockBytes: number;
  /** The blocks that the guest asked for. */
  readonly blocks: readonly BlockRun[];
}
