import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { describe, expect, it } from "vitest";
import { EmulatorVersionError } from "./internals.ts";
import { compileEmulator, withThreshold } from "./jit.ts";

const V86 = new Uint8Array(await readFile(createRequire(import.meta.url).resolve("v86/build/v86.wasm")));
const OWN = Uint8Array.of(0x41, 0xc0, 0x9a, 0x0c);

/** The operand of the `i32.const` that the byte at `at` is a part of. */
function readThreshold(code: Uint8Array, at: number): number {
  const [a = 0, b = 0, c = 0] = code.subarray(code.lastIndexOf(OWN[0]!, at) + 1);
  expect([a & 0x80, b & 0x80, c & 0x80]).toEqual([0x80, 0x80, 0]);
  return (a & 0x7f) | ((b & 0x7f) << 7) | ((c & 0x7f) << 14);
}

describe("the JIT threshold", () => {
  it("changes in one instruction, and the code stays valid", () => {
    for (const threshold of [8192, 500_000, 1_048_575]) {
      const changed = withThreshold(V86, threshold);
      expect(WebAssembly.validate(changed)).toBe(true);
      const first = changed.findIndex((byte, at) => byte !== V86[at]);
      const last = changed.findLastIndex((byte, at) => byte !== V86[at]);
      expect(last - first).toBeLessThan(3);
      expect(readThreshold(changed, first)).toBe(threshold);
    }
  });

  it("is v86's own where that is asked for", () => {
    expect(Buffer.compare(withThreshold(V86, 200_000), V86)).toBe(0);
  });

  it("is missed where it is not there, or not the only one of its kind", () => {
    expect(() => withThreshold(Uint8Array.of(0x41, 0xc0, 0x9a), 500_000)).toThrow(EmulatorVersionError);
    expect(() => withThreshold(Uint8Array.of(...OWN, ...OWN), 500_000)).toThrow(EmulatorVersionError);
  });

  it("costs one compilation, however often the machine is switched on", async () => {
    expect(compileEmulator(V86, 500_000)).toBe(compileEmulator(V86, 500_000));
    expect(compileEmulator(V86, 500_000)).not.toBe(compileEmulator(V86, 200_000));
    await Promise.all([compileEmulator(V86, 500_000), compileEmulator(V86, 200_000)]);
  });
});
