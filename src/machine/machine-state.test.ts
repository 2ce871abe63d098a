import { expect, test } from "vitest";
import type { MachineEvent, Problem } from "../../worker/interface.ts";
import { MACHINE_OFF, reduceMachine } from "./machine-state.ts";

const lost: Problem = {
  severity: "warning",
  code: "relay-lost",
  message: "The wire is cut.",
  advice: "Wait.",
};
const after = (...events: MachineEvent[]) => events.reduce(reduceMachine, MACHINE_OFF);

test("a download is one entry a file, in the order in which they began", () => {
  const { downloads } = after(
    { type: "download", file: "boot/linux", receivedBytes: 10, totalBytes: 100 },
    { type: "download", file: "boot/initrd", receivedBytes: 5 },
    { type: "download", file: "boot/linux", receivedBytes: 100, totalBytes: 100 },
  );
  expect(downloads).toEqual([
    { file: "boot/linux", receivedBytes: 100, totalBytes: 100 },
    { file: "boot/initrd", receivedBytes: 5 },
  ]);
});

test("a problem that is said again is shown once, in its newest words", () => {
  const { problems } = after(
    { type: "problem", problem: lost },
    { type: "problem", problem: { ...lost, message: "The wire is cut again." } },
  );
  expect(problems.map((problem) => problem.message)).toEqual(["The wire is cut again."]);
});

test("a wire that is open again is no problem any more", () => {
  const { counters, blocks } = MACHINE_OFF;
  const lostAgain: MachineEvent[] = [
    { type: "problem", problem: lost },
    { type: "problem", problem: { ...lost, code: "export-unknown" } },
    { type: "wire", state: "lost", counters, blocks },
  ];
  expect(after(...lostAgain).problems).toHaveLength(2);
  const waiting = { ...blocks, path: "lost" } as const;
  const half = after(...lostAgain, { type: "wire", state: "open", counters, blocks: waiting });
  expect(half.problems, "the root is not back yet").toHaveLength(2);
  const { problems } = after(...lostAgain, { type: "wire", state: "open", counters, blocks });
  expect(problems.map(({ code }) => code)).toEqual(["export-unknown"]);
});

test("a boot that goes on does not stand still any more", () => {
  const stalled: MachineEvent = { type: "problem", problem: { ...lost, code: "stalled" } };
  expect(after(stalled, { type: "milestones", milestones: [] }).problems).toEqual([]);
});

test("switching off keeps the story readable, switching on begins a new one", () => {
  const off = after({ type: "problem", problem: lost }, { type: "power", state: "off" });
  expect(off.problems).toHaveLength(1);
  expect(reduceMachine(off, { type: "power", state: "starting" })).toEqual({
    ...MACHINE_OFF,
    power: "starting",
  });
});

test("console bytes and screen rows change nothing here", () => {
  expect(after({ type: "serial", bytes: new Uint8Array(3) }, { type: "screen-rows", rows: [] })).toBe(
    MACHINE_OFF,
  );
});
