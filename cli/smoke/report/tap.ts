import type { RunReport } from "./run-report.ts";
import { type Step, stepsOf } from "./steps.ts";

/** The Test Anything Protocol, version 14: a subtest a case, a test point a milestone and a check. */
export function tapReport({ cases }: RunReport): string {
  const lines = ["TAP version 14", `1..${cases.length}`];
  for (const [index, report] of cases.entries()) {
    const steps = stepsOf(report);
    lines.push(`# Subtest: ${plain(report.name)}`, `    1..${steps.length}`);
    for (const [at, step] of steps.entries()) lines.push(...point(step, at + 1).map((line) => `    ${line}`));
    const passed = report.verdict === "passed";
    const note = report.flaky ? ` (flaky: it passed on attempt ${report.attempts})` : "";
    lines.push(`${passed ? "ok" : "not ok"} ${index + 1} - ${plain(report.name)}${note}`);
  }
  return `${lines.join("\n")}\n`;
}

function point({ name, state, tookMs, detail = "" }: Step, number: number): string[] {
  const passed = state === "passed" || state === "skipped";
  const skip = state === "skipped" ? ` # SKIP ${plain(detail)}` : "";
  const head = `${passed ? "ok" : "not ok"} ${number} - ${plain(name)}${skip}`;
  if (passed) return [head];
  return [
    head,
    "  ---",
    `  message: ${JSON.stringify(detail)}`,
    `  severity: ${state === "error" ? "error" : "fail"}`,
    `  duration_ms: ${tookMs}`,
    "  ...",
  ];
}

/** One line, whose hash signs begin no directive. */
function plain(value: string): string {
  return value.replace(/\p{Cc}+/gu, " ").replace(/[\\#]/g, "\\$&");
}
