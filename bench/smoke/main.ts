// `netroot smoke` of the light image next to the same check scripted around qemu-system-i386 and nbd-server, and its memory next
// to a browser's: all in one run, in turns.
//   npm run bench:smoke -- [TREE] [--runs N]
import { spawn } from "node:child_process";
import { cpus } from "node:os";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { silentLogger } from "../../relay/log.ts";
import { startRelay } from "../../relay/serve.ts";
import { ensurePage } from "../../setup/page.mjs";
import { bootInChromium } from "../chromium.ts";
import { isolate } from "../isolate.ts";
import { descendantsOf, MemoryPeak } from "./memory.ts";

const project = fileURLToPath(new URL("../..", import.meta.url));
const at = (path: string) => fileURLToPath(new URL(path, import.meta.url));

interface Measured {
  readonly seconds: number;
  readonly peakMB: number;
}

/** Runs a program to its end, which has to be a good one. */
async function program(command: string, ...args: readonly string[]): Promise<Measured> {
  const startMs = performance.now();
  const child = spawn(command, args, { stdio: ["ignore", "ignore", "inherit"] });
  const peak = new MemoryPeak(() => [child.pid!, ...descendantsOf(child.pid!)]);
  const code = await new Promise<number | null>((resolve, reject) =>
    child.once("error", reject).once("close", resolve),
  );
  const peakMB = peak.stop() / 1e6;
  if (code !== 0) throw new Error(`${command} ${args.join(" ")} ended with ${code}.`);
  return { seconds: (performance.now() - startMs) / 1000, peakMB };
}

/** The same image in a headless browser, from its start to the prompt. The relay is not counted: it runs in this process. */
async function browser(tree: string): Promise<Measured> {
  const relay = await startRelay({ tree, listen: { port: 0 }, logger: silentLogger });
  const others = new Set(descendantsOf(process.pid));
  const peak = new MemoryPeak(() => descendantsOf(process.pid).filter((pid) => !others.has(pid)));
  const startMs = performance.now();
  try {
    const { signal } = new AbortController();
    await bootInChromium({
      tree,
      initrd: "",
      append: "",
      relay: relay.url,
      memoryMiB: 512,
      query: "",
      signal,
    });
    return { seconds: (performance.now() - startMs) / 1000, peakMB: peak.stop() / 1e6 };
  } finally {
    peak.stop();
    await relay.close();
  }
}

const median = (values: readonly number[]) => values.toSorted((a, b) => a - b)[values.length >> 1]!;

async function measure(tree: string, runs: number): Promise<void> {
  const check = ["--run", "findmnt -n -o FSTYPE /", "--expect", "^overlay$", "--quiet"];
  const netroot = `${project}bin/netroot.mjs`;
  const contenders = {
    smoke: () => program(process.execPath, netroot, "smoke", tree, ...check),
    smokeQemu: () => program(process.execPath, netroot, "smoke", tree, ...check, "--engine", "qemu"),
    byHand: () => program("bash", at("by-hand.sh"), tree),
    browser: () => browser(tree),
  };
  const results: Record<string, Measured[]> = {};
  for (let run = 0; run < runs; run += 1) {
    for (const [name, contender] of Object.entries(contenders)) {
      const result = await contender();
      results[name] = [...(results[name] ?? []), result];
      process.stderr.write(`${name}: ${result.seconds.toFixed(1)} s, ${result.peakMB.toFixed(0)} MB\n`);
    }
  }
  const of = (name: keyof typeof contenders, what: keyof Measured) =>
    median(results[name]!.map((each) => each[what]));
  const ratios = {
    smokeOverByHand: of("smoke", "seconds") / of("byHand", "seconds"),
    qemuEngineOverByHand: of("smokeQemu", "seconds") / of("byHand", "seconds"),
    memoryOverBrowser: of("smoke", "peakMB") / of("browser", "peakMB"),
  };
  const machine = `${cpus().length} × ${cpus()[0]?.model}`;
  process.stdout.write(`${JSON.stringify({ ratios, results, machine }, null, 2)}\n`);
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { runs: { type: "string", default: "3" } },
});
ensurePage(project);
const exitCode = await isolate();
if (exitCode !== undefined) process.exitCode = exitCode;
else await measure(positionals[0] ?? `${project}.netroot`, Number(values.runs));
