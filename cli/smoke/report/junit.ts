import type { CaseReport } from "./case-report.ts";
import type { RunReport } from "./run-report.ts";
import { type Step, stepsOf } from "./steps.ts";

/**
 * JUnit's XML, as CI systems read it: a suite a case, a test case a milestone and a check, the console in system-out.
 * A failure is the image's, an error somebody else's.
 */
export function junitReport({ cases }: RunReport): string {
  const suites = cases.map((each) => ({ report: each, steps: stepsOf(each) }));
  const all = suites.flatMap(({ steps }) => steps);
  const seconds = cases.reduce((sum, { durationMs }) => sum + durationMs, 0) / 1000;
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites name="netroot smoke"${counts(all)} time="${seconds.toFixed(3)}">`,
    ...suites.flatMap(({ report, steps }) => suite(report, steps)),
    "</testsuites>",
    "",
  ].join("\n");
}

function suite(report: CaseReport, steps: readonly Step[]): string[] {
  const { name, startedAt, durationMs } = report;
  const seconds = (durationMs / 1000).toFixed(3);
  const timestamp = startedAt.replace(/\.\d+Z$/, "");
  return [
    `  <testsuite name="${attribute(name)}"${counts(steps)} time="${seconds}" timestamp="${timestamp}">`,
    "    <properties>",
    ...properties(report).map(
      ([key, value]) => `      <property name="${key}" value="${attribute(value)}"/>`,
    ),
    "    </properties>",
    ...steps.flatMap((step) => testCase(name, step)),
    `    <system-out>${text(report.console)}</system-out>`,
    "  </testsuite>",
  ];
}

function properties(report: CaseReport): [string, string][] {
  const { image, engine, boot, nic, memoryMiB, append, verdict, flaky, attempts } = report;
  return Object.entries({ image, engine, boot, nic, memoryMiB, append, verdict, flaky, attempts }).map(
    ([key, value]) => [key, String(value)],
  );
}

function testCase(suiteName: string, { name, state, tookMs, detail = "" }: Step): string[] {
  const time = Math.max(0, tookMs / 1000).toFixed(3);
  const head = `    <testcase classname="${attribute(suiteName)}" name="${attribute(name)}" time="${time}"`;
  switch (state) {
    case "passed":
      return [`${head}/>`];
    case "skipped":
      return [`${head}>`, `      <skipped message="${attribute(detail)}"/>`, "    </testcase>"];
    case "failed":
    case "error": {
      const tag = state === "failed" ? "failure" : "error";
      return [
        `${head}>`,
        `      <${tag} message="${attribute(detail)}">${text(detail)}</${tag}>`,
        "    </testcase>",
      ];
    }
    default:
      return state satisfies never;
  }
}

function counts(steps: readonly Step[]): string {
  const of = (state: Step["state"]) => steps.filter((step) => step.state === state).length;
  return ` tests="${steps.length}" failures="${of("failed")}" errors="${of("error")}" skipped="${of("skipped")}"`;
}

/** Characters that XML 1.0 does not have (section 2.2), and halves of surrogate pairs, become a question mark. */
function clean(value: string): string {
  return [...value].map((character) => (isXml(character.codePointAt(0)!) ? character : "?")).join("");
}

function isXml(code: number): boolean {
  if (code < 0x20) return code === 0x09 || code === 0x0a || code === 0x0d;
  return !(code >= 0xd800 && code <= 0xdfff) && code !== 0xfffe && code !== 0xffff;
}

function text(value: string): string {
  return clean(value)
    .replace(/\r\n?/g, "\n")
    .replace(/&/g, "&amp;")
    .replace(/</g, "&lt;")
    .replace(/>/g, "&gt;");
}

function attribute(value: string): string {
  return text(value).replace(/"/g, "&quot;").replace(/\n/g, "&#10;").replace(/\t/g, "&#9;");
}
