import { MILESTONES, type MilestoneName } from "../worker/interface.ts";
import type { Results } from "./turns.ts";

/** Milliseconds from power-on; a milestone that an engine does not see is absent. */
export type Times = Partial<Record<MilestoneName, number>>;
/** Each contender's, the median of its boots. */
export type Medians = Readonly<Record<string, Times>>;
/** Two contenders whose times are divided, the second's by the first's. */
export type Pair = readonly [base: string, over: string];

export function medians(results: Results): Medians {
  return Object.fromEntries(
    Object.entries(results).map(([name, boots]) => {
      const times: Times = {};
      for (const milestone of MILESTONES) {
        const values = boots.flatMap((boot) =>
          boot.filter((one) => one.name === milestone.name && one.state === "done").map((one) => one.atMs!),
        );
        if (values.length > 0) times[milestone.name] = median(values);
      }
      return [name, times];
    }),
  );
}

/** Power-on to a milestone; `null` where one of the two did not get there, or was not run. */
export function ratio(
  summary: Medians,
  [base, over]: Pair,
  milestone: MilestoneName = "login",
): number | null {
  const [below, above] = [summary[base]?.[milestone], summary[over]?.[milestone]];
  return below === undefined || above === undefined || below === 0 ? null : above / below;
}

/** One row a milestone: each contender's seconds, and the ratio of each pair. */
export function printTable(summary: Medians, pairs: readonly Pair[]): string {
  const contenders = Object.keys(summary);
  const rows = [["milestone", ...contenders, ...pairs.map(([base, over]) => `${over} / ${base}`)]];
  for (const { name } of MILESTONES) {
    const times = contenders.map((contender) => summary[contender]![name]);
    if (times.every((time) => time === undefined)) continue;
    rows.push([
      name,
      ...times.map((time) => (time === undefined ? "–" : `${(time / 1000).toFixed(1)} s`)),
      ...pairs.map((pair) => {
        const value = ratio(summary, pair, name);
        return value === null ? "–" : `${value.toFixed(2)} ×`;
      }),
    ]);
  }
  return alignRows(rows);
}

/** Columns of equal width, the first to the left and the others to the right. */
export function alignRows(rows: readonly (readonly string[])[]): string {
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  const lines = rows.map((row) =>
    row
      .map((cell, column) => (column === 0 ? cell.padEnd(widths[0]!) : cell.padStart(widths[column]!)))
      .join("  "),
  );
  return `${lines.join("\n")}\n`;
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}
