import { MILESTONES, type MilestoneName, type Problem } from "../../../worker/interface.ts";
import type { BootRecord } from "../boot/boot-record.ts";

/** What ended a boot early, before it is known why. */
export interface Failure {
  readonly code: string;
  readonly milestone: MilestoneName;
  readonly message: string;
  readonly advice: string;
}

/** Warnings on the page, where a person may wait: here they are the end of the boot. */
const FATAL_WARNINGS: readonly string[] = [
  "stalled",
  "aoe-silent",
  "dhcp-silent",
  "guest-halted",
  "relay-lost",
];

/** Not the image's fault, but of what it was booted with. */
const OURS: readonly string[] = [
  "relay-unreachable",
  "relay-lost",
  "token-refused",
  "firmware-missing",
  "firmware-refused",
  "firmware-truncated",
  "kernel-refused",
  "initrd-refused",
  "emulator-version",
  "emulator-crashed",
  "disk-failed",
  "engine-failed",
];
/** What was asked for makes no sense. */
const CALLERS: readonly string[] = [
  "kernel-64-bit",
  "kernel-truncated",
  "kernel-not-bzimage",
  "kernel-missing",
  "initrd-missing",
  "initrd-truncated",
  "memory-too-small",
  "append-too-long",
  "layer-too-large",
  "disk-missing",
  "disk-busy",
  "disk-denied",
  "disk-damaged",
  "disk-other-export",
  "append-aoe-target",
];

/** Whose failure it is: the image's, the caller's, or this machine's. */
export function blame({ code, milestone }: Failure): "imageFailed" | "usage" | "infrastructure" {
  if (OURS.includes(code)) return "infrastructure";
  // The kernel's own complaint about its initrd has the same code, and comes later.
  return CALLERS.includes(code) &&
    (milestone === "download" || code.startsWith("append") || code.startsWith("disk"))
    ? "usage"
    : "imageFailed";
}

/** The first thing that went so wrong that waiting makes no sense. */
export function failureOf(record: BootRecord): Failure | undefined {
  const problem = record.problems.find(isFatal);
  if (problem !== undefined) return { ...problem, milestone: problem.milestone ?? standing(record) };
  if (!record.ended) return undefined;
  return {
    code: "restarted",
    milestone: standing(record),
    message: "The machine restarted by itself before it was ready.",
    advice:
      "A kernel that panics with panic= on its command line restarts, and so does a triple fault: look at the last lines of the console.",
  };
}

function isFatal({ severity, code }: Problem): boolean {
  return severity === "error" || FATAL_WARNINGS.includes(code);
}

/** Where the boot stands: the first milestone that is not behind it. */
export function standing({ milestones }: Pick<BootRecord, "milestones">): MilestoneName {
  const current = milestones.find(({ state }) => state === "failed" || state === "running");
  return current?.name ?? milestones.findLast(({ state }) => state === "done")?.name ?? MILESTONES[0].name;
}
