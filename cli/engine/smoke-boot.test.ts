import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { cp, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, it, onTestFinished } from "vitest";
import { PackedInstall } from "../smoke/testing/packed.ts";

/** Real boots on a busy machine: this only ends what hangs. */
const TIMEOUT_MS = 4 * 60_000;
const original = fileURLToPath(new URL("../../.netroot", import.meta.url));

/** A report of an image of which nothing was read. */
const ANYTHING = {
  name: "before",
  milestones: [],
  root: {
    kind: "nbd",
    export: "kisroot",
    sizeBytes: 1,
    readBytes: 0,
    requests: 0,
    aheadBytes: 0,
    blockBytes: 65_536,
    blocks: [],
  },
};

/** How many frames of a capture the filter finds. */
function tshark(file: string, filter: string) {
  return new Promise<number>((resolve, reject) => {
    const args = ["-r", file, "-Y", filter, "-T", "fields", "-e", "frame.number"];
    execFile("tshark", args, { maxBuffer: 64 * 1024 * 1024 }, (error, stdout) => {
      if (error === null) resolve(stdout.trim().split("\n").length);
      else reject(error);
    });
  });
}

async function install(): Promise<PackedInstall> {
  const folder = await mkdtemp(join(tmpdir(), "netroot-smoke-test-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  return PackedInstall.into(folder);
}

// `npm test` builds the tree first. Without one there is nothing to boot.
it.skipIf(!existsSync(original))(
  "an ordinary user's npx netroot smoke, from a packed tarball, passes an image that comes up, and says what it read",
  { timeout: TIMEOUT_MS },
  async () => {
    const packed = await install();
    // The project's own folder may be closed to others.
    const tree = join(packed.folder, "tree");
    await cp(original, tree, { recursive: true });
    const folder = await packed.writable("reports");
    const log = join(folder, "logs/serial.log");
    const [screenshot, pcap, html] = ["screen.svg", "wire.pcapng", "report.html"].map((name) =>
      join(folder, name),
    );
    const baseline = join(folder, "before.json");
    await writeFile(baseline, JSON.stringify({ ...ANYTHING, warnings: [] }));
    const { code, stdout, stderr } = await packed.netroot(
      "smoke",
      ...[tree, "--json", "--serial-log", log, "--timeout-scale", "3", "--baseline", baseline],
      ...["--screenshot", screenshot!, "--pcap", pcap!, "--html", html!],
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
      artefacts: [log, screenshot, pcap],
      comparison: { reads: { newBlocks: report.root.blocks } },
    });
    expect(report.milestones.at(-1)).toMatchObject({ name: "login", state: "done" });
    expect(report.root.readBytes).toBeGreaterThan(1_000_000);
    expect(await readFile(log, "latin1")).toContain("Linux version");
    expect(await readFile(screenshot!, "utf8")).toContain("login:");
    expect(await readFile(html!, "utf8")).toContain("Blocks of the root that were read");

    // What the guest read fits the blocks that were seen on the wire, and another program reads the capture.
    const blocks = report.root.blocks.reduce((sum: number, [, count]: [number, number]) => sum + count, 0);
    expect(blocks * report.root.blockBytes).toBeGreaterThan(report.root.readBytes / 2);
    const requests = await tshark(pcap!, "nbd.type == 0 && nbd.magic == 0x25609513");
    expect(requests).toBeGreaterThan(10);
    expect(await tshark(pcap!, "frame")).toBe(
      report.traffic.reduce((sum: number, { frames }: { frames: number }) => sum + frames, 0),
    );
  },
);
