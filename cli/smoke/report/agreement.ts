import { MILESTONES, type MilestoneName } from "../../../worker/interface.ts";
import type { CaseReport } from "./case-report.ts";

/** Where two engines do not say the same of one image. */
export interface Disagreement {
  readonly case: string;
  /** The first milestone or check that differs, in words. */
  readonly message: string;
}

/** Seen by one engine and not by the other: how the kernel came, and what the firmware printed. */
const OF_THE_ENGINE: readonly MilestoneName[] = ["power-on", "firmware", "dhcp", "download"];

/** Compares the reports of cases that are twins. */
export function disagreementsOf(cases: readonly CaseReport[]): Disagreement[] {
  return cases.flatMap((one, index) => {
    const other = cases.find((each, at) => at > index && one.twin !== undefined && each.twin === one.twin);
    const message = other === undefined ? undefined : difference(one, other);
    return message === undefined ? [] : [{ case: one.twin!, message }];
  });
}

function difference(a: CaseReport, b: CaseReport): string | undefined {
  for (const { name } of MILESTONES) {
    if (OF_THE_ENGINE.includes(name) || isReached(a, name) === isReached(b, name)) continue;
    const [yes, no] = isReached(a, name) ? [a, b] : [b, a];
    return `The milestone ${name} is reached on ${yes.engine}, and not on ${no.engine}.`;
  }
  for (const check of a.checks) {
    const same = b.checks.find(({ name }) => name === check.name);
    if (same?.passed === check.passed) continue;
    const [yes, no] = check.passed ? [a, b] : [b, a];
    return `The check ${check.name} holds on ${yes.engine}, and not on ${no.engine}.`;
  }
  if (a.diagnosis?.code !== b.diagnosis?.code)
    return `The diagnosis is ${a.diagnosis?.code ?? "none"} on ${a.engine}, and ${b.diagnosis?.code ?? "none"} on ${b.engine}.`;
  return a.verdict === b.verdict ? undefined : `${a.engine} says ${a.verdict}, and ${b.engine} ${b.verdict}.`;
}

function isReached({ milestones }: CaseReport, name: MilestoneName): boolean {
  return milestones.some((each) => each.name === name && (each.state === "done" || each.state === "skipped"));
}
