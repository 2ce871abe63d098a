import { describe, expect, it } from "vitest";
import type { Milestone } from "../worker/interface.ts";
import { medians, printTable, ratios } from "./report.ts";

const boot = (kernel: number, login: number): readonly Milestone[] => [
  { name: "dhcp", state: "skipped", atMs: 0 },
  { name: "kernel", state: "done", atMs: kernel },
  { name: "login", state: "done", atMs: login },
];

const results = {
  qemu: [boot(1000, 20_000), boot(3000, 30_000), boot(2000, 10_000)],
  node: [boot(4000, 40_000), boot(6000, 50_000)],
  chromium: [boot(5000, 60_000)],
};

describe("the benchmark's report", () => {
  it("takes the median of an odd and of an even number of runs, and leaves out what was skipped", () => {
    expect(medians(results)).toEqual({
      qemu: { kernel: 2000, login: 20_000 },
      node: { kernel: 5000, login: 45_000 },
      chromium: { kernel: 5000, login: 60_000 },
    });
  });

  it("divides the way to the prompt by qemu's", () => {
    expect(ratios(medians(results))).toEqual({ node: 2.25, chromium: 3, chromiumOverNode: 60 / 45 });
  });

  it("prints a row for each milestone that was seen, with a dash where an engine did not see it", () => {
    const table = printTable(medians({ ...results, qemu: [] }), ["power-on", "kernel", "login"]);
    expect(
      table
        .trimEnd()
        .split("\n")
        .map((line) => line.trim().split(/\s{2,}/)),
    ).toEqual([
      ["milestone", "qemu", "node", "chromium", "node/qemu", "chromium/qemu"],
      ["kernel", "–", "5.0 s", "5.0 s", "–", "–"],
      ["login", "–", "45.0 s", "60.0 s", "–", "–"],
    ]);
  });
});
