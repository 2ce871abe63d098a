import { expect, test } from "vitest";
import type { RelayStatus } from "../../net/status/status.ts";
import { LockedError, watchStatus } from "./status-watch.ts";

const status = { version: "0" } as RelayStatus;

const ANSWERS = {
  yes: () => Promise.resolve(status),
  no: () => Promise.reject(new Error("away")),
  locked: () => Promise.reject(new LockedError("a token, please")),
};

/** Runs the watch over scripted answers; what it said, and how long it slept after each. */
async function watch(...answers: (keyof typeof ANSWERS)[]) {
  const said: string[] = [];
  const end = new AbortController();
  await watchStatus({
    ask: () => ANSWERS[answers.shift()!](),
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

test("a relay that asks for its token is there, and said to be locked at once", async () => {
  expect(await watch("locked", "no", "locked", "yes", "locked", "no", "no")).toEqual([
    "locked",
    "5000",
    "2000",
    "locked",
    "5000",
    "reachable",
    "5000",
    "locked",
    "5000",
    "2000",
    "unreachable",
    "2000",
  ]);
});
