import { expect, it } from "vitest";
import { panickedReport, passedReport } from "../testing/report.ts";
import { withRetries } from "./retries.ts";

async function attempts(retries: number, ...reports: ReturnType<typeof passedReport>[]) {
  const why: string[] = [];
  const report = await withRetries(
    { retries },
    async () => reports.shift()!,
    (words) => why.push(words),
  );
  return { ...report, why, left: reports.length };
}

it("never calls a pass after a failure clean", async () => {
  expect(await attempts(2, panickedReport(), passedReport())).toMatchObject({
    verdict: "passed",
    flaky: true,
    attempts: 2,
    why: [expect.stringContaining("attempt 1 failed: The kernel has panicked")],
  });
  expect(await attempts(2, passedReport())).toMatchObject({ verdict: "passed", flaky: false, attempts: 1 });
});

it("fails when every attempt does, and tries no more often than it may", async () => {
  const failed = await attempts(1, panickedReport(), panickedReport(), passedReport());
  expect(failed).toMatchObject({ verdict: "imageFailed", flaky: false, attempts: 2, left: 1 });
});

it("does not try again what is not the image's failure", async () => {
  for (const verdict of ["usage", "infrastructure", "interrupted"] as const)
    expect(await attempts(3, passedReport({ verdict }))).toMatchObject({ verdict, attempts: 1 });
  expect(await attempts(1, passedReport({ verdict: "timedOut" }), passedReport())).toMatchObject({
    flaky: true,
  });
});
