// Boots the same KIS from the same nbd-server in qemu-system-i386 (TCG, one thread), in v86 under Node and in v86 in
// Chromium, in turns, and prints the medians and their ratios to qemu per milestone. Seconds are this machine's; ratios travel.
import { execFileSync } from "node:child_process";
import { cpus } from "node:os";
import { parseArgs } from "node:util";
import { startRelay } from "../e2e/relay.ts";
import { MILESTONES, type Milestone, type MilestoneName } from "../worker/interface.ts";
import { shareRoot } from "./boot-tree.ts";
import { bootInChromium } from "./chromium.ts";
import { bootInNode } from "./node.ts";
import { bootInQemu } from "./qemu.ts";
import { ENGINES, type Engine, medians, printTable, ratios } from "./report.ts";

const USAGE = `Usage: npm run bench -- [--quick] [--json] [--runs N] [TREE]

  --quick    one boot an engine (else three, in turns)
  --runs N   N boots an engine
  --json     print one JSON object instead of a table
  TREE       the boot tree, ./.netroot unless given
`;
const MEMORY_MIB = 512;
const BOOT_TIMEOUT_MS = 15 * 60_000;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    quick: { type: "boolean", default: false },
    json: { type: "boolean", default: false },
    runs: { type: "string" },
    help: { type: "boolean", short: "h", default: false },
  },
});
if (values.help) {
  process.stdout.write(USAGE);
  process.exit(0);
}
const runs = values.runs === undefined ? (values.quick ? 1 : 3) : Number(values.runs);
if (!Number.isInteger(runs) || runs < 1) {
  process.stderr.write(`--runs wants a whole number above 0, not "${values.runs}".\n`);
  process.exit(2);
}

const root = await shareRoot(positionals[0] ?? ".netroot");
const relay = await startRelay(root.tree);
try {
  const results: Record<Engine, (readonly Milestone[])[]> = { qemu: [], node: [], chromium: [] };
  for (let run = 1; run <= runs; run += 1) {
    for (const engine of ENGINES) {
      const signal = AbortSignal.timeout(BOOT_TIMEOUT_MS);
      const common = { ...root, relay: relay.url, memoryMiB: MEMORY_MIB, signal };
      process.stderr.write(`run ${run} of ${runs}: ${engine} … `);
      const milestones = await {
        qemu: () => bootInQemu(common),
        node: () => bootInNode(common),
        chromium: () => bootInChromium(common),
      }[engine]();
      results[engine].push(milestones);
      process.stderr.write(`${(atMs(milestones, "login") / 1000).toFixed(1)} s\n`);
    }
  }
  const summary = medians(results);
  if (values.json)
    process.stdout.write(`${JSON.stringify({ ratios: ratios(summary), medians: summary, ...where() })}\n`);
  else
    process.stdout.write(
      printTable(
        summary,
        MILESTONES.map(({ name }) => name),
      ),
    );
} finally {
  await relay.stop();
  await root.close();
}

function atMs(milestones: readonly Milestone[], name: MilestoneName): number {
  return milestones.find((milestone) => milestone.name === name)?.atMs ?? Number.NaN;
}

function where() {
  const commit = execFileSync("git", ["rev-parse", "--short", "HEAD"], { encoding: "utf8" }).trim();
  return {
    machine: { cpu: cpus()[0]?.model ?? "unknown", cores: cpus().length, node: process.version },
    commit,
  };
}
