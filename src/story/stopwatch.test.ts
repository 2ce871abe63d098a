import { expect, test } from "vitest";
import { MACHINE_OFF, type MachineState } from "../machine/machine-state.ts";
import { Stopwatch } from "./stopwatch.ts";

const on: MachineState = { ...MACHINE_OFF, power: "running" };

test("it stands at nothing before power-on and runs from then on", () => {
  const watch = new Stopwatch();
  watch.observe(MACHINE_OFF, 1000);
  expect(watch.elapsedMs(1500)).toBe(0);
  watch.observe(on, 2000);
  watch.observe(on, 2500);
  expect(watch.elapsedMs(3000)).toBe(1000);
});

test("at the prompt it shows the last milestone's own time", () => {
  const watch = new Stopwatch();
  watch.observe(on, 2000);
  watch.observe({ ...on, milestones: [{ name: "login", state: "done", atMs: 41_230 }] }, 50_000);
  expect(watch.running).toBe(false);
  expect(watch.elapsedMs(60_000)).toBe(41_230);
});

test("switched off, it stands; the next boot begins at nothing", () => {
  const watch = new Stopwatch();
  watch.observe(on, 0);
  watch.observe(MACHINE_OFF, 700);
  expect(watch.elapsedMs(9000)).toBe(700);
  watch.observe(on, 9000);
  expect(watch.elapsedMs(9100)).toBe(100);
});
