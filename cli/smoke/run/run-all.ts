import { EXIT } from "../../command.ts";
import { SmokeError } from "../errors.ts";
import { forkCase } from "../jobs/fork-case.ts";
import type { CasePlan } from "../plan.ts";
import type { CaseReport } from "../report/case-report.ts";
import { Progress } from "../report/progress.ts";
import { summaryOf } from "../report/summary.ts";
import { withRetries } from "./retries.ts";
import { imageName, runCase } from "./run-case.ts";
import type { Terminal } from "./terminal.ts";

export interface RunAllOptions {
  /** At most so many at a time. */
  readonly jobs: number;
  readonly signal: AbortSignal;
  /** Talk for a person. */
  readonly write: (text: string) => void;
  /** Whether `write` leads to a terminal. */
  readonly isTerminal: boolean;
  /** A person's, for the console of a single case. */
  readonly terminal?: Terminal;
}

/**
 * Runs the cases, in their order: a single one in this process, several in one each. Resolves with a report a case; rejects with a
 * `SmokeError` only where there is one case, and nothing to boot in it.
 */
export async function runAll(cases: readonly CasePlan[], options: RunAllOptions): Promise<CaseReport[]> {
  const [only, ...others] = cases;
  if (only !== undefined && others.length === 0)
    return [await runOne(only, options, inThisProcess(options.terminal))];
  const reports: CaseReport[] = [];
  const waiting = [...cases.entries()];
  const worker = async () => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      const [index, plan] = next;
      reports[index] = await runOne(plan, { ...options, isTerminal: false }, inAnother, `${plan.name}: `);
    }
  };
  await Promise.all(Array.from({ length: Math.min(options.jobs, cases.length) }, worker));
  return reports;
}

type Attempt = (plan: CasePlan, progress: Progress, signal: AbortSignal) => Promise<CaseReport>;

const inThisProcess =
  (terminal?: Terminal): Attempt =>
  (plan, progress, signal) =>
    runCase(plan, {
      signal,
      ...(terminal === undefined
        ? {
            progress: ({ milestones }) => progress.milestones(milestones),
            checked: (result) => progress.check(result),
          }
        : { terminal }),
    });

/** Where others stand beside it, a case that cannot be booted is a report like theirs. */
const inAnother: Attempt = async (plan, progress, signal) => {
  if (signal.aborted) return notRun(plan, "interrupted", "It was not begun.");
  try {
    return await forkCase(plan, progress, signal);
  } catch (error) {
    if (error instanceof SmokeError) return notRun(plan, error.kind, error.message);
    throw error;
  }
};

async function runOne(
  plan: CasePlan,
  { signal, write, isTerminal }: RunAllOptions,
  attempt: Attempt,
  prefix = "",
): Promise<CaseReport> {
  const progress = new Progress({ write, isTerminal, prefix });
  try {
    const report = await withRetries(
      plan,
      () => attempt(plan, progress, signal),
      (why) => progress.again(why),
    );
    progress.end();
    for (const line of summaryOf(report)) progress.say(line);
    return report;
  } finally {
    progress.end();
  }
}

function notRun(plan: CasePlan, verdict: SmokeError["kind"] | "interrupted", message: string): CaseReport {
  const { name, engine, twin, boot, nic, memoryMiB, append = "" } = plan;
  return {
    name,
    verdict,
    exitCode: EXIT[verdict],
    flaky: false,
    attempts: 1,
    image: imageName(plan),
    engine,
    ...(twin !== undefined && { twin }),
    boot,
    nic,
    memoryMiB,
    append,
    startedAt: new Date().toISOString(),
    durationMs: 0,
    milestones: [],
    checks: [],
    diagnosis: { code: `not-run`, milestone: "power-on", message, cause: "Nothing was booted." },
    problems: [],
    warnings: [],
    console: "",
    screen: "",
    artefacts: [],
  };
}
