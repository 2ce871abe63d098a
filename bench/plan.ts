import type { Engine } from "./engines.ts";
import type { Options } from "./options.ts";
import type { Pair } from "./report.ts";

/** One column of the report. */
export interface Column {
  readonly name: string;
  readonly engine: Engine;
  /** Parameters of the page's address. */
  readonly query: string;
}

export interface Plan {
  readonly columns: readonly Column[];
  readonly pairs: readonly Pair[];
}

type Choice = Pick<Options, "only" | "query" | "compare">;

/** The three engines, each v86 over qemu and Chromium over Node. */
export function enginePlan({ only = ["qemu", "node", "chromium"], query }: Choice): Plan {
  const pairs: readonly Pair[] = [
    ["qemu", "node"],
    ["qemu", "chromium"],
    ["node", "chromium"],
  ];
  return {
    columns: only.map((engine) => ({ name: engine, engine, query })),
    pairs: pairs.filter((pair) => pair.every((name) => only.some((engine) => engine === name))),
  };
}

/** Each engine as it is, and with each of the variants. */
export function comparisonPlan({ only = ["chromium"], query, compare }: Choice): Plan {
  const named = only.flatMap((engine) =>
    ["", ...compare].map((variant) => ({
      name: `${engine} ${variant}`.trim(),
      engine,
      query: [query, variant].filter((part) => part !== "").join("&"),
    })),
  );
  return {
    columns: named,
    pairs: named
      .filter(({ name, engine }) => name !== engine)
      .map(({ name, engine }): Pair => [engine, name]),
  };
}
