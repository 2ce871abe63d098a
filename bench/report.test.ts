import { describe, expect, it } from "vitest";
import type { Milestone } from "../worker/interface.ts";
import { medians, printTable, ratio } from "./report.ts";

const boot = (kernel: number, login: number): readonly Milestone[] => [
  { name: "dhcp", state: "skipped", atMs: 0 },
  { name: "kernel", state: "done", atMs: kernel },
  { name: "login", state: "done", atMs: login },
];

const results = {
  qemu: [boot(1000, 20_000), boot(3000, 30_000), boot(2000, 10_000)],
  node: [boot(4000, 40_000), boot(6000, 50_000)],
  chromium: [],
};

describe("the benchmark's report", () => {
  it("takes the median of an odd and of an even number of boots, and leaves out what was skipped", () => {
    expect(medians(results)).toEqual({
      qemu: { kernel: 2000, login: 20_000 },
      node: { kernel: 5000, login: 45_000 },
      chromium: {},
    });
  });

  it("divides the way to the prompt, or to another milestone, by the base's", () => {
    expect(ratio(medians(results), ["qemu", "node"])).toBe(2.25);
    expect(ratio(medians(results), ["qemu", "node"], "kernel")).toBe(2.5);
  });

  it("has no ratio where one of the two did not run, or did not get there", () => {
    expect(ratio(medians(results), ["qemu", "chromium"])).toBeNull();
    expect(ratio(medians(results), ["qemu", "checkpoint"])).toBeNull();
  });

  it("prints a row for each milestone that was seen, with a dash where one was not", () => {
    const table = printTable(medians(results), [
      ["qemu", "node"],
      ["qemu", "chromium"],
    ]);
    expect(
      table
        .trimEnd()
        .split("\n")
        .map((line) => line.trim().split(/\s{2,}/)),
    ).toEqual([
      ["milestone", "qemu", "node", "chromium", "node / qemu", "chromium / qemu"],
      ["kernel", "2.0 s", "5.0 s", "–", "2.50 ×", "–"],
      ["login", "20.0 s", "45.0 s", "–", "2.25 ×", "–"],
    ]);
  });
});
