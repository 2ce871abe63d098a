import type { CasePlan } from "../plan.ts";
import type { CaseReport } from "../report/case-report.ts";
import type { Progress } from "../report/progress.ts";
import { runCase } from "./run-case.ts";

/** Runs a case, and again where it failed and may be retried. A pass after a failure is flaky, never clean. */
export async function withRetries(
  plan: CasePlan,
  progress: Progress,
  signal: AbortSignal,
): Promise<CaseReport> {
  for (let attempt = 1; ; attempt += 1) {
    const report = await runCase(plan, {
      signal,
      progress: ({ milestones }) => progress.milestones(milestones),
      checked: (result) => progress.check(result),
    });
    const mayPass = report.verdict === "imageFailed" || report.verdict === "timedOut";
    if (!mayPass || attempt > plan.retries)
      return { ...report, attempts: attempt, flaky: report.verdict === "passed" && attempt > 1 };
    progress.again(`attempt ${attempt} failed: ${report.diagnosis?.message ?? report.verdict}`);
  }
}
