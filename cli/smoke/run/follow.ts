import { setTimeout as sleep } from "node:timers/promises";
import type { BootRecord } from "../boot/boot-record.ts";
import { patternName } from "../checks/check-name.ts";
import type { CheckResult } from "../checks/check-result.ts";
import { CheckRun } from "../checks/perform.ts";
import { diagnose } from "../diagnosis/diagnose.ts";
import type { Diagnosis } from "../diagnosis/diagnosis.ts";
import { type CasePlan, compile } from "../plan.ts";
import type { Verdict } from "../report/case-report.ts";
import { blame, type Failure, failureOf, standing } from "./failure.ts";
import type { Terminal } from "./terminal.ts";
import { aborted, until } from "./wait.ts";

export interface CaseHooks {
  /** Sees the record after each batch of events. */
  readonly progress?: (record: BootRecord) => void;
  readonly checked?: (result: CheckResult) => void;
  /** A person's, while the machine runs. */
  readonly terminal?: Terminal;
  /** Aborted where the user has had enough. */
  readonly signal: AbortSignal;
}

/** What ends the waiting of a case from outside of it. */
export interface Following extends CaseHooks {
  /** Aborted when the time of the plan is over. */
  readonly timeUp: AbortSignal;
}

/** What comes behind a failure on the console often says why. */
const AFTERMATH_MS = 1000;

export interface Outcome {
  readonly verdict: Verdict;
  readonly diagnosis?: Diagnosis;
}

/** Waits for the first of: all that was asked for holds; the boot failed; a forbidden text; time is up; the user gave up. */
export async function follow(
  plan: CasePlan,
  append: string,
  record: BootRecord,
  checks: CheckResult[],
  hooks: Following,
): Promise<Outcome> {
  const over = new AbortController();
  const failed = (failure: Failure): Diagnosis =>
    diagnose({
      ...failure,
      console: record.console.text,
      screen: record.screen.text,
      append,
      framesFromGuest: record.counters?.framesOut ?? 0,
    });
  const whatEnds = enderOf(plan);
  try {
    const first = await Promise.race([
      allHolds(plan, record, checks, over.signal, hooks).then(() => "done" as const),
      until(record, over.signal, () => whatEnds(record)),
      aborted(hooks.timeUp, over.signal).then(() => "timedOut" as const),
      aborted(hooks.signal, over.signal).then(() => "interrupted" as const),
    ]);
    if (first === "interrupted") return { verdict: "interrupted" };
    if (first === "timedOut") {
      const milestone = standing(record);
      const message = `Time is up after ${plan.timeoutMs! / 1000} s, at the milestone ${milestone}.`;
      const advice =
        "If the console shows that it still moves, give it more time with --timeout; else look at its last lines.";
      return { verdict: "timedOut", diagnosis: failed({ code: "timed-out", milestone, message, advice }) };
    }
    if (first === "done") {
      const wrong = checks.find(({ passed }) => !passed);
      if (wrong === undefined) return { verdict: "passed" };
      return { verdict: "imageFailed", diagnosis: checkFailed(wrong, record) };
    }
    const verdict = blame(first);
    if (verdict === "imageFailed" && !record.ended)
      await sleep(AFTERMATH_MS, undefined, { signal: hooks.signal }).catch(() => {});
    return { verdict, diagnosis: failed(first) };
  } finally {
    over.abort(new Error("the case is over"));
  }
}

function checkFailed({ name, detail, output }: CheckResult, record: BootRecord): Diagnosis {
  const lastLine = output?.trim().split("\n").at(-1);
  return {
    code: "check-failed",
    milestone: standing(record),
    message: `The check failed: ${name}.`,
    cause: detail,
    ...(lastLine !== undefined && lastLine !== "" && { evidence: lastLine }),
  };
}

async function allHolds(
  plan: CasePlan,
  record: BootRecord,
  checks: CheckResult[],
  signal: AbortSignal,
  hooks: CaseHooks,
): Promise<void> {
  await until(record, signal, () => isReached(plan, record) || undefined);
  const run = new CheckRun(record);
  for (const check of plan.checks) {
    const result = await run.perform(check, signal);
    checks.push(result);
    hooks.checked?.(result);
    if (!result.passed) return;
  }
}

function isReached({ until: goal }: CasePlan, { milestones }: BootRecord): boolean {
  return milestones.some(({ name, state }) => name === goal && (state === "done" || state === "skipped"));
}

/** Looks for what ends a case: a text that must not be there, a fatal problem, an end of the machine. */
function enderOf({ forbid }: CasePlan): (record: BootRecord) => Failure | undefined {
  const forbidden = forbid.map((pattern) => ({ pattern, expression: compile(pattern) }));
  return (record) => {
    for (const { pattern, expression } of forbidden) {
      const match = expression.exec(record.console.text);
      if (match === null) continue;
      return {
        code: "forbidden-text",
        milestone: standing(record),
        message: `The console says what --forbid ${patternName(pattern)} forbids: ${match[0]}`,
        advice: "The lines around it on the console say more.",
      };
    }
    return failureOf(record);
  };
}
