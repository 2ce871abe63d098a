import type { Milestone } from "../../../worker/interface.ts";
import type { CheckResult } from "../checks/check-result.ts";
import type { SmokeError } from "../errors.ts";
import type { CasePlan } from "../plan.ts";
import type { CaseReport } from "../report/case-report.ts";

/** To the process that runs a case. */
export type ToCase = { readonly type: "run"; readonly plan: CasePlan } | { readonly type: "stop" };

/** And from it. `report` and `refused` are its last. */
export type FromCase =
  | { readonly type: "milestones"; readonly milestones: readonly Milestone[] }
  | { readonly type: "checked"; readonly result: CheckResult }
  | { readonly type: "report"; readonly report: CaseReport }
  | { readonly type: "refused"; readonly kind: SmokeError["kind"]; readonly message: string };
