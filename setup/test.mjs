// `npm test`: does all the set-up that is missing, then runs every check and every test, the browser's included.
// Ends with one line "N passed, N failed" and exit code 0 only when nothing failed.
//   npm test                 everything
//   npm test -- unit         only some of: check unit boot e2e bench
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { ensure } from "./debian.mjs";
import { ensureNpmPackages } from "./npm.mjs";
import { ensurePage } from "./page.mjs";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const reports = join(root, "test-results");
const descriptions = { "debian-bookworm": ".netroot", "debian-bookworm-systemd": ".netroot-systemd" };

/**
 * What passed only when it was tried again is told apart: real servers and real browsers on a busy machine now and then answer
 * later than anybody would wait.
 * @typedef {{ passed: number, failed: number, skipped: number, flaky: number }} Count
 */

const stages = {
  /** Types, formatting, lint and the rooms' import rule: one count each. */
  check: () => sum([npmRun("types"), npmRun("lint")]),
  unit: () => vitest("--exclude", "cli/engine/*boot.test.ts"),
  /**
   * The images under Node, and in qemu. File by file: a boot wants the processor that the other tests want, too. Those that say so
   * boot two at a time: they wait for most of their time.
   */
  boot: () => vitest(...boots(), "--no-file-parallelism", "--maxConcurrency=2"),
  e2e: () => {
    const file = join(reports, "playwright.json");
    const run = node(
      ["node_modules/@playwright/test/cli.js", "test", "--retries=1", "--reporter=list,json"],
      {
        PLAYWRIGHT_JSON_OUTPUT_NAME: file,
      },
    );
    return fromReport(run, file, readPlaywright);
  },
  /** Prints ratios; fails only when a boot fails, never on noise. */
  bench: () => one(node(["--import", "tsx", "bench/main.ts", "--quick"])),
};

const named = process.argv.slice(2);
for (const name of named) {
  if (!(name in stages)) {
    console.error(`netroot: there is no test stage "${name}"; there are: ${Object.keys(stages).join(", ")}`);
    process.exit(2);
  }
}

try {
  ensureNpmPackages(root);
  ensure(["serve", "image", "test"]);
  for (const [description, tree] of Object.entries(descriptions)) {
    const build = ["bin/netroot.mjs", "image", "build", tree, "--description", description];
    if (node(build).status !== 0)
      throw new Error(`The image ${description} could not be built. What went wrong is above.`);
  }
  ensurePage(root);
} catch (error) {
  console.error(`netroot: ${error instanceof Error ? error.message : String(error)}`);
  console.log("0 passed, 1 failed");
  process.exit(99);
}

rmSync(reports, { recursive: true, force: true });
mkdirSync(reports, { recursive: true });

/** @type {Count[]} */
const counts = [];
for (const [name, run] of Object.entries(stages)) {
  if (named.length > 0 && !named.includes(name)) continue;
  const started = Date.now();
  console.log(`\n== ${name}`);
  const count = run();
  console.log(`== ${name}: ${words(count)} in ${Math.round((Date.now() - started) / 1000)} s`);
  counts.push(count);
}

const total = sum(counts);
console.log(`\n${words(total)}`);
process.exit(total.failed === 0 && total.passed > 0 ? 0 : 1);

/**
 * @param {string[]} args
 * @param {Record<string, string>} [env]
 */
function node(args, env = {}) {
  return spawnSync(process.execPath, args, {
    cwd: root,
    stdio: ["ignore", "inherit", "inherit"],
    env: { ...process.env, ...env },
  });
}

function boots() {
  const names = readdirSync(join(root, "cli/engine")).filter((name) => name.endsWith("boot.test.ts"));
  return names.map((name) => `cli/engine/${name}`);
}

/** @param {string[]} selection */
function vitest(...selection) {
  const file = join(reports, "vitest.json");
  const flaky = join(reports, "vitest-flaky.json");
  const reporters = [
    "--reporter=default",
    "--reporter=json",
    `--outputFile.json=${file}`,
    "--reporter=./setup/flaky-reporter.mjs",
  ];
  rmSync(file, { force: true });
  const run = node(["node_modules/vitest/vitest.mjs", "run", "--retry=1", ...selection, ...reporters], {
    NETROOT_FLAKY: flaky,
  });
  const names = existsSync(flaky) ? JSON.parse(readFileSync(flaky, "utf8")) : [];
  for (const name of names) console.log(`== passed at the second attempt only: ${name}`);
  return fromReport(run, file, (report) => readVitest(report, names.length));
}

/** @param {string} script */
function npmRun(script) {
  return one(
    spawnSync("npm", ["run", "--silent", script], { cwd: root, stdio: ["ignore", "inherit", "inherit"] }),
  );
}

/**
 * @param {import("node:child_process").SpawnSyncReturns<Buffer>} run
 * @returns {Count}
 */
function one(run) {
  const passed = run.status === 0;
  return { passed: passed ? 1 : 0, failed: passed ? 0 : 1, skipped: 0, flaky: 0 };
}

/**
 * A runner that died, or failed without a failing test, counts as one failure: it must never pass for green.
 * @param {import("node:child_process").SpawnSyncReturns<Buffer>} run
 * @param {string} file
 * @param {(report: any) => Count} read
 * @returns {Count}
 */
function fromReport(run, file, read) {
  /** @type {Count} */
  const count = existsSync(file)
    ? read(JSON.parse(readFileSync(file, "utf8")))
    : { passed: 0, failed: 0, skipped: 0, flaky: 0 };
  return run.status !== 0 && count.failed === 0 ? { ...count, failed: 1 } : count;
}

/**
 * @param {{ numPassedTests: number, numFailedTests: number, numPendingTests: number }} report
 * @param {number} flaky
 */
function readVitest({ numPassedTests, numFailedTests, numPendingTests }, flaky) {
  return { passed: numPassedTests - flaky, failed: numFailedTests, skipped: numPendingTests, flaky };
}

/** @param {{ stats: { expected: number, unexpected: number, flaky: number, skipped: number } }} report */
function readPlaywright({ stats }) {
  return { passed: stats.expected, failed: stats.unexpected, skipped: stats.skipped, flaky: stats.flaky };
}

/**
 * @param {Count[]} counts
 * @returns {Count}
 */
function sum(counts) {
  const total = { passed: 0, failed: 0, skipped: 0, flaky: 0 };
  for (const count of counts) {
    total.passed += count.passed;
    total.failed += count.failed;
    total.skipped += count.skipped;
    total.flaky += count.flaky;
  }
  return total;
}

/** @param {Count} count */
function words({ passed, failed, skipped, flaky }) {
  const more = [
    ...(skipped > 0 ? [`${skipped} skipped`] : []),
    ...(flaky > 0 ? [`${flaky} at the second attempt only`] : []),
  ];
  // Those count as passed, too: nothing is wrong that a second look finds again.
  return [`${passed + flaky} passed`, `${failed} failed`, ...more].join(", ");
}
