import { expect, it } from "vitest";
import { addCounts, branchAt, countAt, leavesOf } from "./count-tree.ts";

it("adds up what both have, and keeps what one has", () => {
  const one = { frames: 2, tcp: { dropped: { checksum: 1 } }, absent: undefined };
  const other = { frames: 3, tcp: { dropped: { checksum: 4, malformed: 5 }, retransmits: 6 } };
  expect(addCounts(one, other)).toEqual({
    frames: 5,
    tcp: { dropped: { checksum: 5, malformed: 5 }, retransmits: 6 },
  });
  expect(one).toEqual({ frames: 2, tcp: { dropped: { checksum: 1 } }, absent: undefined });
});

it("finds every number by its names", () => {
  expect(leavesOf({ a: 1, b: { c: 2, d: { e: 3 } }, f: undefined })).toEqual([
    [["a"], 1],
    [["b", "c"], 2],
    [["b", "d", "e"], 3],
  ]);
});

it("is 0 where nothing was counted yet", () => {
  const tree = { tcp: { retransmits: 3 } };
  expect(countAt(branchAt(tree, "tcp"), "retransmits")).toBe(3);
  expect(countAt(branchAt(tree, "tcp"), "resets")).toBe(0);
  expect(countAt(branchAt(tree, "udp"), "drops")).toBe(0);
  expect(countAt(tree, "tcp")).toBe(0);
});
