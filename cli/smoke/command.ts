import { EXIT, UsageError } from "../command.ts";
import { SmokeError } from "./errors.ts";
import { writeTemplate } from "./job/init.ts";
import { parseOptions, type SmokeOptions } from "./options/parse.ts";
import { USAGE } from "./options/usage.ts";
import { requireWritable } from "./report/artefacts.ts";
import { readBaseline, withComparisons } from "./report/baseline.ts";
import { comparisonLines } from "./report/comparison.ts";
import { deliver } from "./report/deliver.ts";
import { runReport } from "./report/run-report.ts";
import { runAll } from "./run/run-all.ts";
import { Terminal } from "./run/terminal.ts";

/** `netroot smoke`. Resolves with the exit code; rejects with a `UsageError` only, or a defect. */
export async function smokeCommand(argv: readonly string[]): Promise<number> {
  const interrupt = new AbortController();
  const stop = () => interrupt.abort(new Error("interrupted"));
  process.on("SIGINT", stop).on("SIGTERM", stop);
  try {
    const options = await parseOptions(argv);
    if (options === "help") {
      process.stdout.write(USAGE);
      return EXIT.passed;
    }
    if ("init" in options) {
      await writeTemplate(options.init);
      process.stdout.write(`${options.init}\n`);
      return EXIT.passed;
    }
    for (const path of outputsOf(options)) await requireWritable(path);
    return await run(options, interrupt.signal);
  } catch (error) {
    if (!(error instanceof SmokeError)) throw error;
    if (error.kind === "usage") throw new UsageError(error.message, { cause: error });
    process.stderr.write(`netroot: ${error.message}\n`);
    return EXIT.infrastructure;
  } finally {
    process.off("SIGINT", stop).off("SIGTERM", stop);
  }
}

/** Every file that is asked for: whether it can be written is seen before anything is booted. */
function outputsOf({ cases, reports }: SmokeOptions): string[] {
  const files = cases.flatMap(({ artefacts: { serialLog, screenshot, pcap } }) => [
    serialLog,
    screenshot,
    pcap,
  ]);
  return [...files, reports.junit, reports.html].filter((path) => path !== undefined);
}

async function run(options: SmokeOptions, signal: AbortSignal): Promise<number> {
  const { cases, reports, quiet, jobs, interactive } = options;
  const before = options.baseline === undefined ? [] : await readBaseline(options.baseline);
  const done = await runAll(cases, {
    jobs,
    signal,
    write: (text) => void (quiet || process.stderr.write(text)),
    isTerminal: process.stderr.isTTY === true,
    // What is piped is the report's.
    ...(interactive && { terminal: new Terminal({ input: process.stdin, output: process.stderr }) }),
  });
  const whole = runReport(withComparisons(done, before));
  for (const { name, comparison, root } of whole.cases) {
    if (comparison === undefined) continue;
    for (const line of comparisonLines(comparison, root?.blockBytes))
      process.stderr.write(`${name}: ${line}\n`);
  }
  for (const { case: name, message } of whole.disagreements ?? [])
    process.stderr.write(`the engines disagree on ${name}: ${message}\n`);
  await deliver(whole, reports, (text) => void process.stdout.write(text));
  return whole.exitCode;
}
