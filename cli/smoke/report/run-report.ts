import { EXIT } from "../../command.ts";
import type { CaseReport, Verdict } from "./case-report.ts";

/** What is told of a run of several cases. */
export interface RunReport {
  readonly verdict: Verdict;
  readonly exitCode: number;
  readonly cases: readonly CaseReport[];
}

/** The worst first: what one case could not be asked counts more than what another answered. */
const ORDER: readonly Verdict[] = [
  "interrupted",
  "infrastructure",
  "usage",
  "imageFailed",
  "timedOut",
  "passed",
];

/** @param cases at least one */
export function runReport(cases: readonly CaseReport[]): RunReport {
  const verdict = ORDER.find((each) => cases.some((one) => one.verdict === each)) ?? "passed";
  return { verdict, exitCode: EXIT[verdict], cases };
}
