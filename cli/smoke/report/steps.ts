import type { CaseReport } from "./case-report.ts";

/** A test case of a case: a milestone, a check, or the verdict itself. */
export interface Step {
  readonly name: string;
  readonly state: "passed" | "failed" | "error" | "skipped";
  /** How long it took: from the milestone before it. */
  readonly tookMs: number;
  readonly detail?: string;
}

/**
 * The milestones up to the one that was wanted, the checks that were performed, and whatever else ended the case: so that there is
 * one step at least that did not pass where the case did not.
 */
export function stepsOf(report: CaseReport): Step[] {
  const steps = [...milestoneSteps(report), ...checkSteps(report)];
  if (report.verdict === "passed" || steps.some(({ state }) => state === "failed" || state === "error"))
    return steps;
  const { diagnosis, verdict, durationMs } = report;
  const state = verdict === "imageFailed" || verdict === "timedOut" ? "failed" : "error";
  const detail = diagnosis === undefined ? verdict : `${diagnosis.message} ${diagnosis.cause}`;
  return [...steps, { name: "the case", state, tookMs: durationMs, detail }];
}

function milestoneSteps({ milestones, diagnosis, verdict }: CaseReport): Step[] {
  const ours = verdict === "infrastructure" || verdict === "usage" || verdict === "interrupted";
  const broken = diagnosis === undefined || diagnosis.code === "check-failed" ? undefined : diagnosis;
  let before = 0;
  const inTime = milestones
    .filter(({ state }) => state === "done" || state === "skipped" || state === "failed")
    .toSorted((a, b) => (a.atMs ?? 0) - (b.atMs ?? 0));
  const steps = inTime.map(({ name, state, atMs = 0, detail }): Step => {
    const tookMs = atMs - before;
    before = atMs;
    return {
      name,
      state: state === "skipped" ? "skipped" : "passed",
      tookMs,
      ...(detail !== undefined && { detail }),
    };
  });
  if (broken === undefined) return steps;
  const detail = `${broken.message} ${broken.cause}`;
  const failed: Step = { name: broken.milestone, state: ours ? "error" : "failed", tookMs: 0, detail };
  const at = steps.findIndex(({ name }) => name === broken.milestone);
  return at < 0
    ? [...steps, failed]
    : steps.toSpliced(at, 1, { ...steps[at]!, ...failed, tookMs: steps[at]!.tookMs });
}

function checkSteps({ checks }: CaseReport): Step[] {
  return checks.map(({ name, passed, detail, tookMs }) => ({
    name,
    state: passed ? "passed" : "failed",
    tookMs,
    detail,
  }));
}
