import { expect, it } from "vitest";
import { panickedReport, passedReport } from "../testing/report.ts";
import { disagreementsOf } from "./agreement.ts";
import type { CaseReport } from "./case-report.ts";
import { githubAnnotations } from "./github.ts";
import { runReport } from "./run-report.ts";

const twins = (v86: CaseReport, qemu: CaseReport): CaseReport[] => [
  { ...v86, engine: "v86", twin: "smoke", name: "smoke on v86" },
  { ...qemu, engine: "qemu", twin: "smoke", name: "smoke on qemu" },
];
const said = (v86: CaseReport, qemu: CaseReport) =>
  disagreementsOf(twins(v86, qemu)).map(({ message }) => message);

it("is given where both boot alike, whatever the time and the firmware", () => {
  const slower = passedReport({
    durationMs: 1,
    milestones: passedReport().milestones.map((each) =>
      each.name === "firmware" ? { name: each.name, state: "waiting" } : { ...each, atMs: 5 },
    ),
  });
  expect(said(passedReport(), slower)).toEqual([]);
  expect(said(panickedReport(), panickedReport())).toEqual([]);
});

it("names the first milestone that differs", () => {
  expect(said(panickedReport(), passedReport())).toEqual([
    "The milestone initrd is reached on qemu, and not on v86.",
  ]);
});

it("names the first check that differs, and else the diagnosis", () => {
  const [check] = passedReport().checks;
  const failed = passedReport({ checks: [{ ...check!, passed: false }], verdict: "imageFailed" });
  expect(said(passedReport(), failed)).toEqual(["The check run findmnt -n / holds on v86, and not on qemu."]);
  const other = panickedReport({ diagnosis: { ...panickedReport().diagnosis!, code: "initrd-damaged" } });
  expect(said(panickedReport(), other)).toEqual([
    "The diagnosis is kernel-panic on v86, and initrd-damaged on qemu.",
  ]);
});

it("makes a run of passes fail, and annotates it", () => {
  const { milestones } = passedReport();
  const run = runReport(twins(passedReport(), passedReport({ milestones: milestones.slice(0, -1) })));
  expect(run).toMatchObject({ verdict: "imageFailed", exitCode: 1 });
  expect(githubAnnotations(run)).toEqual([
    "::error title=netroot smoke%3A smoke::The milestone login is reached on v86, and not on qemu.",
  ]);
  expect(runReport([passedReport(), panickedReport()]).disagreements).toBeUndefined();
});
