import { EXIT } from "../../command.ts";
import { type Disagreement, disagreementsOf } from "./agreement.ts";
import type { CaseReport, Verdict } from "./case-report.ts";

/** What is told of a run of several cases. */
export interface RunReport {
  readonly verdict: Verdict;
  readonly exitCode: number;
  readonly cases: readonly CaseReport[];
  /** Where two engines do not say the same; absent where they do, or were not asked. */
  readonly disagreements?: readonly Disagreement[];
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
  const disagreements = disagreementsOf(cases);
  const worst = ORDER.find((each) => cases.some((one) => one.verdict === each)) ?? "passed";
  const verdict = worst === "passed" && disagreements.length > 0 ? "imageFailed" : worst;
  return { verdict, exitCode: EXIT[verdict], cases, ...(disagreements.length > 0 && { disagreements }) };
}
