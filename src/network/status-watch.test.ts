import { expect, test } from "vitest";
import type { RelayStatus } from "../../net/status/status.ts";
import { watchStatus } from "./status-watch.ts";

const status = { version: "0" } as RelayStatus;

/** Runs the watch over scripted answers; what it said, and how long it slept after each. */
async function watch(...answers: ("yes" | "no")[]) {
  const said: string[] = [];
  const end = new AbortController();
  await watchStatus({
    ask: () => (answers.shift() === "yes" ? Promise.resolve(status) : Promise.reject(new Error("away"))),
    onChange: (state) => said.push(state.kind),
    sleep: async (ms) => {
      said.push(`${ms}`);
      if (answers.length === 0) end.abort();
    },
    signal: end.signal,
  });
  return said;
}

test("a relay that is away from the start is said at once, and asked more often", async () => {
  expect(await watch("no", "yes")).toEqual(["unreachable", "2000", "reachable", "5000"]);
});

test("one missed answer is not an absence, two are", async () => {
  expect(await watch("yes", "no", "yes", "no", "no")).toEqual([
    "reachable",
    "5000",
    "2000",
    "reachable",
    "5000",
    "2000",
    "unreachable",
    "2000",
  ]);
});
