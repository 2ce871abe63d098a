import { DOMParser } from "@xmldom/xmldom";
import fc from "fast-check";
import { XMLParser, XMLValidator } from "fast-xml-parser";
import { Parser } from "tap-parser";
import { describe, expect, it } from "vitest";
import { panickedReport, passedReport } from "../testing/report.ts";
import type { CaseReport } from "./case-report.ts";
import { githubAnnotations } from "./github.ts";
import { jsonReport } from "./json.ts";
import { junitReport } from "./junit.ts";
import { runReport } from "./run-report.ts";
import { stepsOf } from "./steps.ts";
import { summaryOf } from "./summary.ts";
import { tapReport } from "./tap.ts";

const checkFailed = passedReport({
  name: "a check",
  verdict: "imageFailed",
  exitCode: 1,
  checks: [{ name: "run false", passed: false, detail: "It ended with status 1.", tookMs: 10 }],
  diagnosis: {
    code: "check-failed",
    milestone: "login",
    message: "The check failed: run false.",
    cause: "It ended.",
  },
});
const noRelay = passedReport({
  name: "no relay",
  verdict: "infrastructure",
  exitCode: 99,
  milestones: [],
  checks: [],
});
const run = runReport([passedReport(), panickedReport(), checkFailed, noRelay]);

interface Counts {
  suites: number;
  tests: number;
  failures: number;
  errors: number;
  skipped: number;
}

const expected: Counts = { suites: 4, tests: 13 + 6 + 13 + 1, failures: 2, errors: 1, skipped: 3 };

/** What the elements say, by the first parser. */
function countByXmldom(xml: string): Counts {
  const problems: string[] = [];
  const document = new DOMParser({
    onError: (level, message) => level !== "warning" && problems.push(message),
  }).parseFromString(xml, "text/xml");
  expect(problems).toEqual([]);
  const of = (name: string) => document.getElementsByTagName(name).length;
  return {
    suites: of("testsuite"),
    tests: of("testcase"),
    failures: of("failure"),
    errors: of("error"),
    skipped: of("skipped"),
  };
}

interface XmlCase {
  readonly failure?: unknown;
  readonly error?: unknown;
  readonly skipped?: unknown;
}

/** And by the second. */
function countByFastXmlParser(xml: string): Counts {
  expect(XMLValidator.validate(xml)).toBe(true);
  const parser = new XMLParser({
    ignoreAttributes: false,
    isArray: (name) => name === "testsuite" || name === "testcase",
  });
  const suites: { testcase: XmlCase[] }[] = parser.parse(xml).testsuites.testsuite;
  const cases = suites.flatMap(({ testcase }) => testcase);
  const of = (key: keyof XmlCase) => cases.filter((each) => each[key] !== undefined).length;
  return {
    suites: suites.length,
    tests: cases.length,
    failures: of("failure"),
    errors: of("error"),
    skipped: of("skipped"),
  };
}

describe("the JUnit report", () => {
  it("has the same counts for two parsers, and in its own attributes", () => {
    const xml = junitReport(run);
    expect(countByXmldom(xml)).toEqual(expected);
    expect(countByFastXmlParser(xml)).toEqual(expected);
    expect(xml).toContain(
      '<testsuites name="netroot smoke" tests="33" failures="2" errors="1" skipped="3" time="80.000">',
    );
  });

  it("keeps what texts say, but for characters that XML does not have", () => {
    const document = new DOMParser().parseFromString(junitReport(run), "text/xml");
    const suites = document.getElementsByTagName("testsuite");
    expect(suites[1]!.getAttribute("name")).toBe('aoe <"&> # 1');
    expect(suites[1]!.getElementsByTagName("system-out")[0]!.textContent).toBe("]]> ?? <panic> & ? \nend");
    expect(suites[1]!.getElementsByTagName("failure")[0]!.getAttribute("message")).toContain(
      "<unable> & so on\n.",
    );
  });

  it("is well-formed whatever a guest says", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (said) => {
        const report = runReport([panickedReport({ name: said, console: said, append: said })]);
        return (
          XMLValidator.validate(junitReport(report)) === true &&
          countByXmldom(junitReport(report)).suites === 1
        );
      }),
    );
  });

  it("is as it always was", async () => {
    await expect(junitReport(runReport([passedReport(), panickedReport()]))).toMatchFileSnapshot(
      "golden/junit.xml",
    );
  });
});

describe("the TAP report", () => {
  it("is read by a TAP parser, with the same counts", () => {
    const points = Parser.parse(tapReport(run)).filter(([kind]) => kind === "assert");
    const subtests = Parser.parse(tapReport(run)).filter(([kind]) => kind === "child");
    expect(points.map(([, { ok }]) => ok)).toEqual([true, false, false, false]);
    const inner = subtests.flatMap(([, events]) => events).filter(([kind]: [string]) => kind === "assert");
    expect(inner).toHaveLength(expected.tests);
    const failed = inner.filter(([, { ok }]: [string, { ok: boolean }]) => !ok);
    expect(failed).toHaveLength(expected.failures + expected.errors);
    const skipped = inner.filter(([, { skip }]: [string, { skip: unknown }]) => skip);
    expect(skipped).toHaveLength(expected.skipped);
  });

  it("has no line that is no TAP, whatever a guest says", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (said) => {
        const { diagnosis } = panickedReport();
        const report = panickedReport({ name: said, diagnosis: { ...diagnosis!, message: said } });
        const events = Parser.parse(tapReport(runReport([report])));
        return events.every(([kind]) => kind !== "extra") && events.some(([kind]) => kind === "assert");
      }),
    );
  });

  it("is as it always was", async () => {
    await expect(tapReport(runReport([passedReport(), panickedReport()]))).toMatchFileSnapshot(
      "golden/report.tap",
    );
  });
});

describe("a run", () => {
  it("is as bad as its worst case", () => {
    expect(run).toMatchObject({ verdict: "infrastructure", exitCode: 99 });
    expect(runReport([passedReport(), checkFailed])).toMatchObject({ verdict: "imageFailed", exitCode: 1 });
    expect(runReport([passedReport()])).toMatchObject({ verdict: "passed", exitCode: 0 });
  });

  it("is one object in JSON: of its only case, or of them all", () => {
    expect(JSON.parse(jsonReport(runReport([passedReport()])))).toEqual(passedReport());
    expect(JSON.parse(jsonReport(run)).cases).toHaveLength(4);
  });

  it("annotates itself for GitHub, an annotation a line", () => {
    const lines = githubAnnotations(
      runReport([passedReport(), passedReport({ flaky: true, attempts: 2 }), panickedReport()]),
    );
    expect(lines).toEqual([
      "::warning title=netroot smoke%3A nbd%2C direct::It passed on attempt 2 only.",
      '::error title=netroot smoke%3A aoe <"&> # 1::At initrd: The kernel has panicked: VFS: <unable> & so on%0A.%0ALook at "the lines" before it: 100%25 of them.',
    ]);
  });

  it("has a step that did not pass, whichever way it did not", () => {
    for (const verdict of ["imageFailed", "usage", "infrastructure", "timedOut", "interrupted"] as const) {
      const bare: CaseReport = passedReport({ verdict, milestones: [], checks: [] });
      for (const report of [bare, { ...panickedReport(), verdict }, { ...checkFailed, verdict }])
        expect(stepsOf(report).some(({ state }) => state === "failed" || state === "error")).toBe(true);
    }
    expect(stepsOf(passedReport()).every(({ state }) => state === "passed" || state === "skipped")).toBe(
      true,
    );
  });

  it("says where it broke, why, and what the console said last", () => {
    const lines = summaryOf(panickedReport());
    expect(lines[0]).toContain("FAILED");
    expect(lines.join("\n")).toContain("at initrd: The kernel has panicked");
    expect(summaryOf(passedReport({ flaky: true, attempts: 3 }))[0]).toContain(
      "flaky: it passed on attempt 3",
    );
  });
});
