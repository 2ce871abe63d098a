import type { RunReport } from "./run-report.ts";

/** One object: that of the case where there is one, else `{verdict, exitCode, cases}`. */
export function jsonReport(run: RunReport): string {
  const [only, ...others] = run.cases;
  return `${JSON.stringify(others.length === 0 ? only : run, null, 2)}\n`;
}
