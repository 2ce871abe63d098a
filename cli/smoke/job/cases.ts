import type { CasePlan } from "../plan.ts";
import type { CaseVariables, Job } from "./schema.ts";

/** A named choice of everything that may differ from case to case. */
export interface NamedCase {
  readonly name: string;
  readonly variables: CaseVariables;
}

const AXES = ["engine", "boot", "root", "nic", "memory", "append"] as const;

/**
 * The cases of a job: every combination of its matrix but those that are excluded, then each [[case]]; a job with neither has one.
 * What no machine can be is left out: a card whose firmware cannot drive it.
 */
export function casesOf({ matrix, case: written }: Pick<Job, "matrix" | "case">): NamedCase[] {
  let combinations: CaseVariables[] = [{}];
  for (const axis of AXES) {
    const values = matrix?.[axis];
    if (values === undefined) continue;
    combinations = combinations.flatMap((each) => values.map((value) => ({ ...each, [axis]: value })));
  }
  const fromMatrix = combinations
    .filter((each) => !(matrix?.exclude ?? []).some((excluded) => matches(each, excluded)))
    .filter(({ engine, boot, nic }) => !(engine !== "qemu" && boot === "pxe" && nic === "virtio"))
    .map((variables) => ({ name: nameOf(variables), variables }));
  const byHand = written.map(({ name, ...variables }) => ({ name, variables }));
  return matrix === undefined && byHand.length > 0 ? byHand : [...fromMatrix, ...byHand];
}

function matches(variables: CaseVariables, excluded: CaseVariables): boolean {
  return AXES.every((axis) => excluded[axis] === undefined || excluded[axis] === variables[axis]);
}

function nameOf({ memory, append, ...others }: CaseVariables): string {
  const parts = AXES.map((axis) => {
    if (axis === "memory") return memory === undefined ? undefined : `${memory} MiB`;
    if (axis === "append") return append === undefined || append === "" ? undefined : append;
    return others[axis];
  });
  return parts.filter((part) => part !== undefined).join(", ") || "smoke";
}

/** What the variables of a case say, as parts of its plan. */
export function planOf({ engine, boot, root, nic, memory, append, label }: CaseVariables): Partial<CasePlan> {
  const card = nic ?? (boot === "pxe" && engine !== "qemu" ? "ne2k" : undefined);
  return {
    ...(engine !== undefined && { engine }),
    ...(boot !== undefined && { boot }),
    ...(root !== undefined && { root }),
    ...(card !== undefined && { nic: card }),
    ...(memory !== undefined && { memoryMiB: memory }),
    ...(append !== undefined && append !== "" && { append }),
    ...(label !== undefined && { label }),
  };
}
