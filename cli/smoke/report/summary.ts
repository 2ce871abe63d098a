import type { CaseReport } from "./case-report.ts";

const TAIL_LINES = 12;

/** What a person reads at the end of a case: lines without their ends. */
export function summaryOf(report: CaseReport): string[] {
  const took = `${(report.durationMs / 1000).toFixed(1)} s`;
  const what = `${report.name}: ${report.image}`;
  const { diagnosis } = report;
  const head = `${VERDICTS[report.verdict]}${report.flaky ? `, flaky: it passed on attempt ${report.attempts}` : ""}  ${what}, ${took}`;
  if (diagnosis === undefined) return [head, ...rootLine(report)];
  const { milestone, message, cause, evidence } = diagnosis;
  const lines = [head, `  at ${milestone}: ${message}`, `  ${cause}`];
  if (evidence !== undefined) lines.push(`  the console: ${evidence}`);
  const tail = report.console.trimEnd().split("\n").slice(-TAIL_LINES);
  return [...lines, "  the last of the console:", ...tail.map((line) => `    ${line}`)];
}

const VERDICTS: Readonly<Record<CaseReport["verdict"], string>> = {
  passed: "PASSED",
  imageFailed: "FAILED",
  usage: "NOT RUN",
  infrastructure: "NOT RUN",
  timedOut: "TIMED OUT",
  interrupted: "INTERRUPTED",
};

function rootLine({ root }: CaseReport): string[] {
  if (root === undefined) return [];
  const { kind, export: name, readBytes, requests } = root;
  return [
    `  root: ${name} over ${kind === "nbd" ? "NBD" : "AoE"}, ${(readBytes / 1e6).toFixed(1)} MB in ${requests} reads`,
  ];
}
