// Boots the same KIS from the same nbd-server in qemu-system-i386 (TCG, one thread), in v86 under Node and in v86 in
// Chromium, in turns, and prints the medians and their ratios per milestone. Seconds are this machine's; ratios travel.
import { execFileSync } from "node:child_process";
import { cpus } from "node:os";
import { fileURLToPath } from "node:url";
import { startRelay } from "../e2e/relay.ts";
import { ensurePage } from "../setup/page.mjs";
import { shareRoot } from "./boot-tree.ts";
import { BOOT } from "./engines.ts";
import { isolate } from "./isolate.ts";
import { type Options, parseOptions, USAGE, UsageError } from "./options.ts";
import { comparisonPlan, enginePlan } from "./plan.ts";
import { type Medians, medians, type Pair, printTable, ratio } from "./report.ts";
import { inTurns } from "./turns.ts";

const MEMORY_MIB = 512;
const TREES: Readonly<Record<string, string>> = { light: ".netroot", systemd: ".netroot-systemd" };

try {
  const options = parseOptions(process.argv.slice(2));
  if (options === undefined) process.stdout.write(USAGE);
  else {
    ensurePage(fileURLToPath(new URL("..", import.meta.url)));
    isolate();
    await measure(options);
  }
} catch (error) {
  process.stderr.write(`bench: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = error instanceof UsageError ? 2 : 1;
}

async function measure(options: Options): Promise<void> {
  const { image = "light" } = options;
  const { columns, pairs } = options.compare.length > 0 ? comparisonPlan(options) : enginePlan(options);
  const root = await shareRoot(TREES[image] ?? image);
  const relay = await startRelay(root.tree);
  try {
    const contenders = columns.map(({ name, engine, query }) => ({
      name,
      boot: (signal: AbortSignal) =>
        BOOT[engine]({ ...root, relay: relay.url, memoryMiB: MEMORY_MIB, query, signal }),
    }));
    const results = await inTurns(contenders, {
      runs: options.runs ?? (options.quick ? 1 : 3),
      lock: options.lock,
      say: (text) => process.stderr.write(text),
    });
    const summary = medians(results);
    process.stdout.write(
      options.json
        ? `${JSON.stringify({ ratios: ratios(summary, pairs), medians: summary, ...where() })}\n`
        : printTable(summary, pairs),
    );
  } finally {
    await relay.stop();
    await root.close();
  }
}

function ratios(summary: Medians, pairs: readonly Pair[]): Record<string, number | null> {
  return Object.fromEntries(pairs.map((pair) => [`${pair[1]} / ${pair[0]}`, ratio(summary, pair)]));
}

function where() {
  const commit = execFileSync("git", ["rev-parse", "--short", "HEAD"], { encoding: "utf8" }).trim();
  return {
    machine: { cpu: cpus()[0]?.model ?? "unknown", cores: cpus().length, node: process.version },
    commit,
  };
}
