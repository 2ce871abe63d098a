import type { NetworkInterfaceInfo } from "node:os";
import { expect, it } from "vitest";
import { reachableHost } from "./reachable.ts";

const at = (address: string, internal = false) =>
  ({ address, internal, family: address.includes(":") ? "IPv6" : "IPv4" }) as NetworkInterfaceInfo;
const loopback = [at("127.0.0.1", true), at("::1", true)];
const lan = [at("fe80::1"), at("fd00::5"), at("10.0.0.5")];

it.each([
  ["127.0.0.1", { lo: loopback, eth0: lan }, "127.0.0.1"],
  ["lab.example", { lo: loopback, eth0: lan }, "lab.example"],
  ["0.0.0.0", { lo: loopback, eth0: lan }, "10.0.0.5"],
  ["::", { lo: loopback, eth0: lan }, "10.0.0.5"],
  ["::", { lo: loopback, eth0: lan.slice(0, 2) }, "fd00::5"],
  ["0.0.0.0", { lo: loopback, eth0: lan.slice(0, 2) }, "127.0.0.1"],
  ["::", { lo: loopback, eth0: lan.slice(0, 1), gone: undefined }, "127.0.0.1"],
])("a link to a server on %s", (host, interfaces, expected) => {
  expect(reachableHost(host, interfaces)).toBe(expected);
});
