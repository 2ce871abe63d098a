import { parsePageUrl } from "../src/page-url.ts";
import { type BootKind, CHECKPOINT, ENGINES, STOCK, STOCK_TUNED } from "./boots.ts";
import type { Options } from "./options.ts";
import type { Pair } from "./report.ts";

/** One column of the report. */
export interface Column {
  readonly name: string;
  readonly kind: BootKind;
  /** Parameters of the page's address. */
  readonly query: string;
  /** Of the link between the machine and the relay, on top of what this machine's loopback takes. */
  readonly roundTripMs?: number;
}

export interface Plan {
  readonly columns: readonly Column[];
  readonly pairs: readonly Pair[];
}

type Choice = Pick<Options, "only" | "query" | "compare">;

/** The pairs of the contract, as `contract.ts` names them. */
const PAIRS: readonly Pair[] = [
  ["qemu", "node"],
  ["qemu", "chromium"],
  ["node", "chromium"],
  [STOCK, "chromium"],
  [STOCK_TUNED, "chromium"],
  ["qemu", CHECKPOINT],
];

/** The three engines, and of the two boots that only the contract knows those that can be had. */
export function contractPlan({ only, query }: Choice, stock: boolean): Plan {
  const kinds: BootKind[] = [...(only ?? ENGINES)];
  if (only === undefined && stock) kinds.push(STOCK, STOCK_TUNED);
  if (only === undefined && pageKnows("checkpoint=off")) kinds.push(CHECKPOINT);
  return {
    columns: kinds.map((kind) => ({ name: kind, kind, query })),
    pairs: PAIRS.filter((pair) => pair.every((name) => kinds.some((kind) => kind === name))),
  };
}

/** Each engine as it is, and with each of the variants. */
export function comparisonPlan({ only = ["chromium"], query, compare }: Choice): Plan {
  const columns = only.flatMap((engine) =>
    ["", ...compare].map((variant) => ({
      name: `${engine} ${variant}`.trim(),
      kind: engine,
      query: [query, variant].filter((part) => part !== "").join("&"),
    })),
  );
  return {
    columns,
    pairs: columns.filter(({ name, kind }) => name !== kind).map(({ name, kind }): Pair => [kind, name]),
  };
}

/** Each engine as it is, and over a link with this round trip. */
export function latencyPlan({ only = ["chromium"], query }: Choice, roundTripMs: number): Plan {
  return {
    columns: only.flatMap((kind) => [
      { name: kind, kind, query },
      { name: `${kind} at ${roundTripMs} ms`, kind, query, roundTripMs },
    ]),
    pairs: only.map((kind): Pair => [kind, `${kind} at ${roundTripMs} ms`]),
  };
}

/** Whether the page's address would mean the same without this parameter. */
export function pageKnows(query: string): boolean {
  return JSON.stringify(parsePageUrl(query)) !== JSON.stringify(parsePageUrl(""));
}
