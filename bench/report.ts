import type { Milestone, MilestoneName } from "../worker/interface.ts";

export const ENGINES = ["qemu", "node", "chromium"] as const;
export type Engine = (typeof ENGINES)[number];

/** Milliseconds from power-on, the median of the runs; a milestone that an engine does not see is absent. */
export type Medians = Record<Engine, Partial<Record<MilestoneName, number>>>;

export function medians(results: Record<Engine, readonly (readonly Milestone[])[]>): Medians {
  const summary: Medians = { qemu: {}, node: {}, chromium: {} };
  for (const engine of ENGINES) {
    const times = new Map<MilestoneName, number[]>();
    for (const milestone of results[engine].flat()) {
      if (milestone.state !== "done" || milestone.atMs === undefined) continue;
      times.set(milestone.name, [...(times.get(milestone.name) ?? []), milestone.atMs]);
    }
    for (const [name, values] of times) summary[engine][name] = median(values);
  }
  return summary;
}

/** Power-on to prompt, over qemu's, and Chromium's over Node's. */
export function ratios(summary: Medians): Record<"node" | "chromium" | "chromiumOverNode", number> {
  const { qemu, node, chromium } = summary;
  return {
    node: ratio(node.login, qemu.login),
    chromium: ratio(chromium.login, qemu.login),
    chromiumOverNode: ratio(chromium.login, node.login),
  };
}

/** One row a milestone: each engine's seconds, and its ratio to qemu's. */
export function printTable(summary: Medians, names: readonly MilestoneName[]): string {
  const rows = [["milestone", "qemu", "node", "chromium", "node/qemu", "chromium/qemu"]];
  for (const name of names) {
    const { qemu, node, chromium } = {
      qemu: summary.qemu[name],
      node: summary.node[name],
      chromium: summary.chromium[name],
    };
    if (qemu === undefined && node === undefined && chromium === undefined) continue;
    rows.push([
      name,
      ...[qemu, node, chromium].map((value) =>
        value === undefined ? "–" : `${(value / 1000).toFixed(1)} s`,
      ),
      ...[ratio(node, qemu), ratio(chromium, qemu)].map((value) =>
        Number.isFinite(value) ? `${value.toFixed(2)} ×` : "–",
      ),
    ]);
  }
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  const lines = rows.map((row) =>
    row
      .map((cell, column) => (column === 0 ? cell.padEnd(widths[0]!) : cell.padStart(widths[column]!)))
      .join("  "),
  );
  return `${lines.join("\n")}\n`;
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

function ratio(value: number | undefined, base: number | undefined): number {
  return value === undefined || base === undefined || base === 0 ? Number.NaN : value / base;
}
