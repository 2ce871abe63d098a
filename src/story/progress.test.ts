import { expect, test } from "vitest";
import { MILESTONES, type Milestone } from "../../worker/interface.ts";
import { bootFraction, downloadFraction } from "./progress.ts";

const upTo = (name: Milestone["name"], state: Milestone["state"]): Milestone[] => {
  const last = MILESTONES.findIndex((one) => one.name === name);
  return MILESTONES.map((one, index) => ({
    name: one.name,
    state: index < last ? "done" : index === last ? state : "waiting",
  }));
};

test("nothing is behind us before power-on, everything at the prompt", () => {
  expect(bootFraction(upTo("power-on", "waiting"), [])).toBe(0);
  expect(bootFraction(upTo("login", "done"), [])).toBe(1);
});

test("weights count, not the number of milestones", () => {
  expect(bootFraction(upTo("network", "running"), [])).toBeCloseTo(0.67);
});

test("a running download counts by its bytes", () => {
  const downloads = [
    { file: "linux", receivedBytes: 100, totalBytes: 100 },
    { file: "initrd", receivedBytes: 0, totalBytes: 100 },
  ];
  expect(downloadFraction(downloads)).toBe(0.5);
  const before = bootFraction(upTo("download", "waiting"), []);
  expect(bootFraction(upTo("download", "running"), downloads) - before).toBeCloseTo(0.03);
});

test("a file of unknown size does not move the bar", () => {
  expect(downloadFraction([{ file: "initrd", receivedBytes: 5 }])).toBe(0);
});

test("a step that was skipped is behind us, one that failed is not", () => {
  expect(bootFraction(upTo("dhcp", "skipped"), [])).toBeCloseTo(0.05);
  expect(bootFraction(upTo("dhcp", "failed"), [])).toBeCloseTo(0.03);
});
