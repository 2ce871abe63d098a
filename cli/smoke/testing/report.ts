import { MILESTONES } from "../../../worker/interface.ts";
import type { CaseReport } from "../report/case-report.ts";

/** A report of a boot that passed, with times that are the same everywhere. */
export function passedReport(changes: Partial<CaseReport> = {}): CaseReport {
  return {
    name: "nbd, direct",
    verdict: "passed",
    exitCode: 0,
    flaky: false,
    attempts: 1,
    image: "/srv/tree",
    engine: "v86",
    boot: "direct",
    nic: "virtio",
    memoryMiB: 512,
    append: "root=overlay:nbd=10.86.0.1:kisroot console=ttyS0",
    startedAt: "2026-01-02T03:04:05.678Z",
    durationMs: 20_000,
    milestones: MILESTONES.map(({ name }, index) =>
      name === "dhcp"
        ? { name, state: "skipped", atMs: 0, detail: "static address" }
        : { name, state: "done", atMs: index * 1500, ...(name === "network" && { detail: "10.86.0.100" }) },
    ),
    checks: [
      {
        name: "run findmnt -n /",
        passed: true,
        detail: "It ended with status 0.",
        tookMs: 300,
        status: 0,
        output: "overlay",
      },
    ],
    root: {
      kind: "nbd",
      export: "kisroot",
      sizeBytes: 95_870_976,
      readBytes: 7_400_000,
      requests: 470,
      aheadBytes: 0,
      blockBytes: 65_536,
      blocks: [
        [0, 3],
        [100, 40],
      ],
    },
    traffic: [
      { protocol: "NBD", frames: 900, bytes: 7_900_000 },
      { protocol: "TCP", frames: 400, bytes: 24_000 },
    ],
    problems: [],
    warnings: [],
    console: "Linux version 6.1.0\nroot@netroot:~# ",
    screen: "",
    artefacts: [],
    ...changes,
  };
}

/** One whose kernel panicked, with texts that every format has to quote. */
export function panickedReport(changes: Partial<CaseReport> = {}): CaseReport {
  const { milestones } = passedReport();
  return passedReport({
    name: 'aoe <"&> # 1',
    verdict: "imageFailed",
    exitCode: 1,
    milestones: milestones.map((each, index) =>
      index < 5 ? each : index === 5 ? { ...each, state: "failed" } : { name: each.name, state: "waiting" },
    ),
    checks: [],
    diagnosis: {
      code: "kernel-panic",
      milestone: "initrd",
      message: "The kernel has panicked: VFS: <unable> & so on\n.",
      cause: 'Look at "the lines" before it: 100% of them.',
    },
    console: "]]> \u0000\u0001 <panic> & \ud800 \r\nend",
    ...changes,
  });
}
