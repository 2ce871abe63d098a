import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";
import { type Cut, cutPower } from "../disk/testing/power-cuts.ts";

/** Real guests on a busy machine: this only ends what hangs. */
const TIMEOUT_MS = 4 * 60_000;
const TREE = fileURLToPath(new URL("../../.netroot", import.meta.url));

// `npm test` builds the tree first. `npm run power-cuts` does this two hundred times.
it.runIf(existsSync(TREE))(
  "loses and tears nothing that fsync acknowledged, whenever the power is cut",
  { timeout: TIMEOUT_MS },
  async () => {
    const cuts: Cut[] = [];
    await cutPower({ tree: TREE, cuts: 3, random: Math.random, onCut: (cut) => cuts.push(cut) });
    expect(cuts).toHaveLength(3);
    for (const { from, synced } of cuts) expect(synced).toBeGreaterThan(from);
  },
);
