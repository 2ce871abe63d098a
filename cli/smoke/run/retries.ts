import type { CasePlan } from "../plan.ts";
import type { CaseReport } from "../report/case-report.ts";

/**
 * Runs a case, and again where it failed and may be retried. A pass after a failure is flaky, never clean.
 * @param run one attempt
 * @param again is told why there is another one
 */
export async function withRetries(
  { retries }: Pick<CasePlan, "retries">,
  run: () => Promise<CaseReport>,
  again: (why: string) => void,
): Promise<CaseReport> {
  for (let attempt = 1; ; attempt += 1) {
    const report = await run();
    const mayPass = report.verdict === "imageFailed" || report.verdict === "timedOut";
    if (!mayPass || attempt > retries)
      return { ...report, attempts: attempt, flaky: report.verdict === "passed" && attempt > 1 };
    again(`attempt ${attempt} failed: ${report.diagnosis?.message ?? report.verdict}`);
  }
}
