import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, it, onTestFinished } from "vitest";

/** Real boots on a busy machine: this only ends what hangs. */
const TIMEOUT_MS = 15 * 60_000;
const project = fileURLToPath(new URL("../../", import.meta.url));
const tree = join(project, ".netroot");

function smoke(...argv: string[]) {
  return new Promise<{ code: number; stdout: string; stderr: string }>((resolve) => {
    execFile(
      process.execPath,
      [join(project, "bin/netroot.mjs"), "smoke", ...argv],
      { maxBuffer: 64 * 1024 * 1024 },
      (error, stdout, stderr) =>
        resolve({ code: typeof error?.code === "number" ? error.code : 0, stdout, stderr }),
    );
  });
}

async function scratch(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "netroot-smoke-test-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  return folder;
}

// `npm test` builds the tree first. Without one there is nothing to boot.
it.skipIf(!existsSync(tree))(
  "netroot smoke passes an image that comes up, and says what it read",
  { timeout: TIMEOUT_MS },
  async () => {
    const log = join(await scratch(), "logs/serial.log");
    const { code, stdout, stderr } = await smoke(
      ...[tree, "--json", "--serial-log", log, "--timeout-scale", "3"],
      ...[
        "--run",
        "findmnt -n -o FSTYPE /",
        "--expect",
        "^overlay$",
        "--forbid",
        "Kernel panic",
        "--screen",
        "login:",
      ],
    );
    expect([code, stderr]).toEqual([0, expect.stringContaining("PASSED")]);
    const report = JSON.parse(stdout);
    expect(report).toMatchObject({
      verdict: "passed",
      exitCode: 0,
      image: tree,
      flaky: false,
      checks: [
        { name: "run findmnt -n -o FSTYPE /", passed: true, status: 0, output: "overlay" },
        { passed: true },
        { passed: true },
      ],
      root: { kind: "nbd", export: "kisroot" },
      problems: [],
      artefacts: [log],
    });
    expect(report.milestones.at(-1)).toMatchObject({ name: "login", state: "done" });
    expect(report.root.readBytes).toBeGreaterThan(1_000_000);
    expect(await readFile(log, "latin1")).toContain("Linux version");
  },
);
