import { fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import { SmokeError } from "../errors.ts";
import type { CasePlan } from "../plan.ts";
import type { CaseReport } from "../report/case-report.ts";
import type { Progress } from "../report/progress.ts";
import type { FromCase, ToCase } from "./messages.ts";

const PROGRAM = fileURLToPath(new URL("case-process.mjs", import.meta.url));

/** Runs a case in a process of its own. Rejects with a `SmokeError` where there was nothing to boot. */
export function forkCase(plan: CasePlan, progress: Progress, signal: AbortSignal): Promise<CaseReport> {
  return new Promise((resolve, reject) => {
    const child = fork(PROGRAM, { execArgv: [], stdio: ["ignore", "ignore", "inherit", "ipc"] });
    const say = (message: ToCase) => void (child.connected && child.send(message));
    const stop = () => say({ type: "stop" });
    signal.addEventListener("abort", stop, { once: true });
    let last: (() => void) | undefined;
    child.on("message", (message: FromCase) => {
      switch (message.type) {
        case "milestones":
          progress.milestones(message.milestones);
          return;
        case "checked":
          progress.check(message.result);
          return;
        case "report":
          last = () => resolve(message.report);
          return;
        case "refused":
          last = () => reject(new SmokeError(message.kind, message.message));
          return;
        default:
          message satisfies never;
      }
    });
    child.once("error", (cause) => {
      signal.removeEventListener("abort", stop);
      reject(new SmokeError("infrastructure", `A process for the case cannot be started: ${cause.message}.`));
    });
    child.once("close", (code, killed) => {
      signal.removeEventListener("abort", stop);
      const how = killed === null ? `status ${code}` : killed;
      (
        last ??
        (() => reject(new SmokeError("infrastructure", `The process of the case ended early (${how}).`)))
      )();
    });
    say({ type: "run", plan });
    if (signal.aborted) stop();
  });
}
