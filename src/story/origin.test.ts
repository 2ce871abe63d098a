import { expect, test } from "vitest";
import { originText } from "./origin.ts";

const savedAtMs = Date.UTC(2026, 0, 1, 12);
const after = (ms: number) => originText({ kind: "checkpoint", savedAtMs }, savedAtMs + ms);

test("says how the boot began", () => {
  expect(originText(undefined)).toBe("");
  expect(originText({ kind: "cold" })).toBe("A cold boot, from the firmware on");
});

test.each([
  [12_300, "12.3 s"],
  [180_000, "3 minutes"],
  [5 * 3_600_000, "5 hours"],
  [3 * 86_400_000, "3 days"],
  // A clock that was set back meanwhile.
  [-60_000, "0.0 s"],
])("a checkpoint of %d ms is %s old", (ms, words) => {
  expect(after(ms)).toMatch(new RegExp(`^Goes on from a checkpoint of .*, ${words} ago$`));
});
