import { describe, expect, it } from "vitest";
import { contractRatios, pairRatios } from "./contract.ts";

const seconds = {
  qemu: { kernel: 2, login: 20 },
  node: { kernel: 3, login: 30 },
  chromium: { kernel: 5, login: 40 },
  "qemu stock": { login: 50 },
  "qemu stock, tuned": { login: 32 },
  "chromium checkpoint": { login: 10 },
};

describe("the benchmark's contract", () => {
  it("divides the way to the prompt: v86 by qemu, Chromium by Node and by the stock initrd, a checkpoint by qemu", () => {
    expect(contractRatios(seconds)).toEqual({
      node: 1.5,
      chromium: 2,
      chromiumOverNode: 40 / 30,
      default: 0.8,
      defaultTuned: 1.25,
      checkpoint: 0.5,
    });
  });

  it("has null for what was not measured", () => {
    const { qemu, node } = seconds;
    expect(contractRatios({ qemu, node })).toEqual({
      node: 1.5,
      chromium: null,
      chromiumOverNode: null,
      default: null,
      defaultTuned: null,
      checkpoint: null,
    });
  });

  it("gives a comparison's ratio at each milestone that both reached", () => {
    expect(
      pairRatios(seconds, [
        ["node", "chromium"],
        ["node", "qemu stock"],
      ]),
    ).toEqual({
      "chromium / node": { kernel: 5 / 3, login: 40 / 30 },
      "qemu stock / node": { login: 50 / 30 },
    });
  });
});
