import { expect, test } from "vitest";
import { factsOf, sysAppendNote } from "./sysappend-facts.ts";

const NETWORK = {
  server: "10.86.0.1",
  client: "10.86.0.100",
  netmask: "255.255.255.0",
  mode: "isolated",
} as const;
const MAC = 0x026e72010000;

test("the address is said where the relay knows it beforehand", () => {
  expect(sysAppendNote(1, factsOf(NETWORK, MAC))).toBe(
    "SYSAPPEND adds `ip=10.86.0.100:10.86.0.1:10.86.0.1:255.255.255.0`.",
  );
  expect(factsOf({ server: "10.86.0.1", client: "10.86.0.100", mode: "shared" }, MAC)).toEqual({ mac: MAC });
});

test("what cannot be added is named", () => {
  expect(sysAppendNote(6, factsOf(NETWORK, MAC))).toBe(
    "SYSAPPEND adds `BOOTIF=01-02-6e-72-01-00-00`. SYSAPPEND cannot add SYSUUID: not known of this machine.",
  );
  expect(sysAppendNote(0, {})).toBe("");
});
