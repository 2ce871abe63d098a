import { EXIT, UsageError } from "../command.ts";
import { SmokeError } from "./errors.ts";
import { parseOptions, type SmokeOptions } from "./options/parse.ts";
import { USAGE } from "./options/usage.ts";
import type { CaseReport } from "./report/case-report.ts";
import { Progress } from "./report/progress.ts";
import { summaryOf } from "./report/summary.ts";
import { withRetries } from "./run/retries.ts";

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
    return await runAll(options, interrupt.signal);
  } catch (error) {
    if (!(error instanceof SmokeError)) throw error;
    if (error.kind === "usage") throw new UsageError(error.message, { cause: error });
    process.stderr.write(`netroot: ${error.message}\n`);
    return EXIT.infrastructure;
  } finally {
    process.off("SIGINT", stop).off("SIGTERM", stop);
  }
}

async function runAll({ cases, json, quiet }: SmokeOptions, signal: AbortSignal): Promise<number> {
  const reports: CaseReport[] = [];
  for (const plan of cases) {
    const progress = new Progress({
      write: (text) => void (quiet || process.stderr.write(text)),
      isTerminal: process.stderr.isTTY === true,
    });
    const report = await withRetries(plan, progress, signal);
    progress.end();
    for (const line of summaryOf(report)) progress.say(line);
    reports.push(report);
  }
  const [only] = reports;
  if (json) process.stdout.write(`${JSON.stringify(only, null, 2)}\n`);
  return only!.exitCode;
}
