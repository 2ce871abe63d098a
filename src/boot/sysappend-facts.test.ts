import { expect, test } from "vitest";
import { factsOf, sysAppendNote } from "./sysappend-facts.ts";

const NETWORK = {
  server: "10.86.0.1",
  client: "10.86.0.100",
  netmask: "255.255.255.0",
  mode: "isolated",
} as const;

test("the address is said where the relay knows it beforehand", () => {
  expect(sysAppendNote(1, factsOf(NETWORK))).toBe(
    "SYSAPPEND adds `ip=10.86.0.100:10.86.0.1:10.86.0.1:255.255.255.0`.",
  );
  expect(factsOf({ server: "10.86.0.1", client: "10.86.0.100", mode: "shared" })).toEqual({});
});

test("what cannot be added is named", () => {
  expect(sysAppendNote(6, factsOf(NETWORK))).toBe(
    "SYSAPPEND cannot add BOOTIF, SYSUUID: not known of this machine.",
  );
  expect(sysAppendNote(0, {})).toBe("");
});
