import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { panickedReport, passedReport } from "../testing/report.ts";
import { readBaseline, withComparisons } from "./baseline.ts";
import { compare, comparisonLines } from "./comparison.ts";
import { jsonReport } from "./json.ts";
import { runReport } from "./run-report.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "netroot-smoke-baseline-"));
});
afterAll(() => rm(folder, { recursive: true }));

async function written(text: string): Promise<string> {
  const path = join(folder, "report.json");
  await writeFile(path, text);
  return path;
}

const worse = passedReport({
  milestones: passedReport().milestones.map((each, index) =>
    index < 6 ? each : { ...each, atMs: each.atMs! + 4000 },
  ),
  warnings: ["squashfs: a new error"],
  root: {
    ...passedReport().root!,
    readBytes: 7_600_000,
    requests: 480,
    blocks: [
      [0, 4],
      [100, 40],
      [200, 2],
    ],
  },
});

describe("a comparison", () => {
  it("says what is slower, what is read more and what is warned of anew", () => {
    const comparison = compare(worse, passedReport());
    expect(comparison).toEqual({
      slower: [{ milestone: "network", wasMs: 1500, isMs: 5500 }],
      reads: {
        moreBytes: 200_000,
        moreRequests: 10,
        newBlocks: [
          [3, 1],
          [200, 2],
        ],
      },
      newWarnings: ["squashfs: a new error"],
    });
    expect(comparisonLines(comparison, 65_536)).toEqual([
      "network took 5.5 s, and 1.5 s before",
      "+0.2 MB and +10 reads of the root, 3 blocks of 64 KiB not read before",
      "a new warning: squashfs: a new error",
    ]);
  });

  it("finds nothing in what is the same, or better", () => {
    expect(compare(passedReport(), passedReport())).toEqual({ slower: [], newWarnings: [] });
    expect(compare(passedReport(), worse)).toEqual({ slower: [], newWarnings: [] });
  });
});

describe("a baseline", () => {
  it("is a report of one case, or of several, which are told by their names", async () => {
    const one = await readBaseline(await written(jsonReport(runReport([passedReport({ name: "before" })]))));
    expect(withComparisons([worse], one)[0]!.comparison!.slower).toHaveLength(1);
    const two = await readBaseline(
      await written(jsonReport(runReport([passedReport({ name: "other" }), panickedReport()]))),
    );
    const [unknown, known] = withComparisons([passedReport(), panickedReport()], two);
    expect(unknown!.comparison).toBeUndefined();
    expect(known!.comparison).toEqual({ slower: [], newWarnings: [] });
  });

  it.each([
    "",
    "null",
    "[]",
    "{}",
    '{"cases":[{}]}',
    JSON.stringify({ ...passedReport(), root: { ...passedReport().root, blocks: [[0, 2 ** 40]] } }),
    JSON.stringify({ ...passedReport(), milestones: [{ name: "nothing", state: "done" }] }),
  ])("is refused in a sentence where it is none: %s", async (text) => {
    await expect(readBaseline(await written(text))).rejects.toMatchObject({
      kind: "usage",
      message: expect.stringContaining("is no report that netroot smoke --json wrote"),
    });
  });

  it("has to be there", async () => {
    await expect(readBaseline(join(folder, "none.json"))).rejects.toMatchObject({ kind: "usage" });
  });
});
