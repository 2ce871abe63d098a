import { describe, expect, it } from "vitest";
import { parseOptions, UsageError } from "./options.ts";
import { bootParameters } from "./parameters.ts";
import { comparisonPlan, contractPlan, latencyPlan } from "./plan.ts";

const options = (...args: string[]) => parseOptions(args)!;

describe("what the benchmark boots", () => {
  it("is the three engines, with the ratios of the project's contract", () => {
    const { columns, pairs } = contractPlan(options(), false);
    expect(columns.map(({ name }) => name).slice(0, 3)).toEqual(["qemu", "node", "chromium"]);
    expect(pairs.slice(0, 3)).toEqual([
      ["qemu", "node"],
      ["qemu", "chromium"],
      ["node", "chromium"],
    ]);
  });

  it("is qemu with the stock initrd as well, where that can be had", () => {
    const { columns, pairs } = contractPlan(options(), true);
    expect(columns.map(({ name }) => name)).toContain("qemu stock");
    expect(pairs).toContainEqual(["qemu stock", "chromium"]);
  });

  it("leaves out the ratios of engines that are left out", () => {
    expect(contractPlan(options("--only", "node,chromium"), true).pairs).toEqual([["node", "chromium"]]);
  });

  it("compares an engine with itself under each of the variants, on top of what all of them get", () => {
    const asked = ["--query", "memory=256", "--compare", "jit=pages:3", "--compare", "nic=ne2k"];
    const { columns, pairs } = comparisonPlan(options(...asked));
    expect(columns).toEqual([
      { name: "chromium", kind: "chromium", query: "memory=256" },
      { name: "chromium jit=pages:3", kind: "chromium", query: "memory=256&jit=pages:3" },
      { name: "chromium nic=ne2k", kind: "chromium", query: "memory=256&nic=ne2k" },
    ]);
    expect(pairs).toEqual([
      ["chromium", "chromium jit=pages:3"],
      ["chromium", "chromium nic=ne2k"],
    ]);
  });
});

describe("what --latency boots", () => {
  it("is an engine by itself, and over a link with that round trip", () => {
    expect(latencyPlan(options("--latency", "50"), 50)).toEqual({
      columns: [
        { name: "chromium", kind: "chromium", query: "" },
        { name: "chromium at 50 ms", kind: "chromium", query: "", roundTripMs: 50 },
      ],
      pairs: [["chromium", "chromium at 50 ms"]],
    });
  });
});

describe("the parameters of a boot", () => {
  it("are the usual ones, of which a query may change each; what it says last counts", () => {
    const parameters = bootParameters({ memoryMiB: 512, query: "near=off&memory=128&memory=256" }, "off");
    expect(Object.fromEntries(parameters)).toEqual({
      autostart: "1",
      memory: "256",
      checkpoint: "off",
      near: "off",
    });
    expect([...parameters]).toHaveLength(4);
  });
});

describe("the benchmark's arguments", () => {
  it.each([
    ["--runs", "0"],
    ["--runs", "two"],
    ["--only", "qemu,firefox"],
    ["--compare", "jit=pages:300"],
    ["--compare", "jti=pages:3"],
    ["--query", "nic=virtio"],
    ["--latency", "none"],
    ["--latency", "50", "--only", "qemu"],
    ["--latency", "50", "--compare", "jit=pages:3"],
    ["--fast"],
    ["somewhere"],
  ])("refuse %s %s", (...args) => {
    expect(() => parseOptions(args)).toThrow(UsageError);
  });
});
