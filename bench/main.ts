// Boots the same KIS from the same nbd-server in qemu-system-i386 (TCG, one thread), in v86 under Node and in v86 in
// Chromium, in turns, and prints the medians and their ratios per milestone. Seconds are this machine's; ratios travel.
import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { cpus } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { ensurePage } from "../setup/page.mjs";
import { contractRatios, pairRatios } from "./contract.ts";
import { bootImage, readImage } from "./image.ts";
import { isolate } from "./isolate.ts";
import { type Options, parseOptions, USAGE, UsageError } from "./options.ts";
import { comparisonPlan, contractPlan, latencyPlan, type Plan } from "./plan.ts";
import { medians, printTable } from "./report.ts";
import { stockInitrd } from "./stock-initrd.ts";

const TREES: Readonly<Record<string, string>> = { light: ".netroot", systemd: ".netroot-systemd" };

const say = (text: string) => void process.stderr.write(text);

try {
  const options = parseOptions(process.argv.slice(2));
  if (options === undefined) process.stdout.write(USAGE);
  else {
    ensurePage(fileURLToPath(new URL("..", import.meta.url)));
    const exitCode = await isolate();
    if (exitCode !== undefined) process.exitCode = exitCode;
    else await (options.throughput ? readRoots(options) : measure(options));
  }
} catch (error) {
  say(`bench: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = error instanceof UsageError ? 2 : 1;
}

async function measure(options: Options): Promise<void> {
  const comparing = options.compare.length > 0 || options.latencyMs !== undefined;
  const names = options.images ?? (comparing || options.quick ? ["light"] : ["light", "systemd"]);
  const images: Record<string, object> = {};
  for (const name of names) {
    const tree = TREES[name] ?? name;
    const initrd = comparing || options.only || name !== "light" ? undefined : await stock();
    const plan = planOf(options, initrd !== undefined);
    say(`${name}:\n`);
    const results = await bootImage({ tree, stockInitrd: initrd }, plan.columns, {
      runs: options.runs ?? (options.quick ? 1 : 3),
      lock: options.lock,
      say,
    });
    const summary = medians(results);
    const ratios = comparing ? pairRatios(summary, plan.pairs) : contractRatios(summary);
    images[name] = { ratios, medians: summary };
    if (!options.json) process.stdout.write(`${name}\n${printTable(summary, plan.pairs)}\n`);
  }
  // The first image is the one that people get unless they ask for another: its ratios are the benchmark's.
  if (options.json) process.stdout.write(`${JSON.stringify({ ...images[names[0]!], images, ...where() })}\n`);
}

/** Prints JSON only: what there is to read is said meanwhile. */
async function readRoots({
  images = ["light"],
  only = ["node", "chromium"],
  query,
  lock,
}: Options): Promise<void> {
  const throughput: Record<string, object> = {};
  for (const name of images) {
    const engines = only.filter((engine) => engine !== "qemu");
    throughput[name] = await readImage(TREES[name] ?? name, engines, query, { lock, say });
  }
  process.stdout.write(`${JSON.stringify({ throughput, ...where() })}\n`);
}

function planOf(options: Options, stock: boolean): Plan {
  if (options.latencyMs !== undefined) return latencyPlan(options, options.latencyMs);
  return options.compare.length > 0 ? comparisonPlan(options) : contractPlan(options, stock);
}

/** `undefined`, and a word about it, where it cannot be made here. */
async function stock(): Promise<string | undefined> {
  const root = join(TREES.systemd!, "exports/kisroot.squashfs");
  if (process.getuid?.() === 0 && existsSync(root)) return stockInitrd(root, say);
  say(`Without the stock initrd: it is made in a chroot of ${root}, as root.\n`);
  return undefined;
}

function where() {
  const commit = execFileSync("git", ["rev-parse", "--short", "HEAD"], { encoding: "utf8" }).trim();
  return {
    machine: { cpu: cpus()[0]?.model ?? "unknown", cores: cpus().length, node: process.version },
    commit,
  };
}
