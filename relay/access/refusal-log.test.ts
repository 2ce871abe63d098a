import { expect, it } from "vitest";
import { createLogger } from "../log.ts";
import { RefusalLog } from "./refusal-log.ts";

it("says the first of a kind, then one more in ten seconds, with how many were left out", () => {
  const lines: string[] = [];
  let nowMs = 0;
  const log = new RefusalLog(createLogger({ write: (line) => lines.push(line.slice(9, -1)) }), {
    now: () => nowMs,
  });
  for (let count = 0; count < 1000; count++) log.note("host", "refused");
  log.note("origin", "refused, too");
  nowMs = 9_999;
  log.note("host", "refused");
  nowMs = 10_000;
  log.note("host", "refused again");
  nowMs = 20_000;
  log.note("host", "and again");
  expect(lines).toEqual([
    "warn  refused",
    "warn  refused, too",
    "warn  refused again (1000 more since the last such line)",
    "warn  and again",
  ]);
});
