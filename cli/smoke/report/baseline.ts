import { readFile } from "node:fs/promises";
import { z } from "zod";
import { MILESTONES, type MilestoneName } from "../../../worker/interface.ts";
import { SmokeError } from "../errors.ts";
import type { CaseReport } from "./case-report.ts";
import { type Baseline, compare } from "./comparison.ts";

const names = MILESTONES.map(({ name }) => name) as [MilestoneName, ...MilestoneName[]];
/** As many as a report has at most. */
const MOST_BLOCKS = 2 ** 20;
const natural = z.int().min(0);
const blockRun = z.tuple([natural, z.int().min(1)]);

/** What is read of a report that `--json` wrote. Things are added to reports: what is not known is passed over. */
const caseSchema = z.object({
  name: z.string(),
  milestones: z.array(
    z.object({
      name: z.enum(names),
      state: z.enum(["waiting", "running", "done", "failed", "skipped"]),
      atMs: z.number().exactOptional(),
    }),
  ),
  warnings: z.array(z.string()),
  root: z
    .object({
      kind: z.enum(["nbd", "aoe"]),
      export: z.string(),
      sizeBytes: natural,
      readBytes: natural,
      requests: natural,
      aheadBytes: natural,
      blockBytes: natural,
      blocks: z
        .array(blockRun)
        .refine((runs) => runs.reduce((sum, [, count]) => sum + count, 0) <= MOST_BLOCKS),
    })
    .exactOptional(),
});
const reportSchema = z.union([z.object({ cases: z.array(caseSchema) }), caseSchema]);

/** The cases of an earlier report. Rejects with a `SmokeError`. */
export async function readBaseline(path: string): Promise<readonly Baseline[]> {
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (cause) {
    throw new SmokeError("usage", `The baseline ${path} cannot be read: ${(cause as Error).message}.`, {
      cause,
    });
  }
  const read = reportSchema.safeParse(parse(text));
  if (!read.success)
    throw new SmokeError("usage", `The baseline ${path} is no report that netroot smoke --json wrote.`);
  return "cases" in read.data ? read.data.cases : [read.data];
}

/** Adds to each report how it compares. A single case is compared with a single one, whatever their names. */
export function withComparisons(reports: readonly CaseReport[], before: readonly Baseline[]): CaseReport[] {
  const alone = reports.length === 1 && before.length === 1;
  return reports.map((report) => {
    const same = alone ? before[0] : before.find(({ name }) => name === report.name);
    return same === undefined ? report : { ...report, comparison: compare(report, same) };
  });
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
