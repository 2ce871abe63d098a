import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import fc from "fast-check";
import { expect, test } from "vitest";
import { decompressXz } from "./xz.ts";

/** The real xz, as the kernel's build calls it. */
function xz(bytes: Uint8Array, ...options: string[]): Uint8Array {
  const usual = ["--check=crc32", "--x86", "--lzma2=dict=1MiB"];
  return new Uint8Array(
    execFileSync("xz", ["--format=xz", "-c", ...(options.length > 0 ? options : usual)], {
      input: bytes,
      maxBuffer: 1 << 28,
    }),
  );
}

/** Bytes in which branches, and what looks like one, stand close together. */
const code = fc
  .array(fc.oneof(fc.constantFrom(0xe8, 0xe9, 0x00, 0xff, 0xe8, 0x01), fc.nat(255)), {
    minLength: 1,
    maxLength: 3000,
    size: "max",
  })
  .map((values) => Uint8Array.from(values));

test("what xz compressed comes out as it was", async () => {
  await fc.assert(
    fc.asyncProperty(code, async (bytes) => {
      expect(await decompressXz(xz(bytes))).toEqual(bytes);
    }),
    { numRuns: 60 },
  );
});

test("a real program comes out as it was", async () => {
  const program = new Uint8Array(readFileSync(process.execPath)).subarray(0, 3_000_000);
  const result = await decompressXz(xz(program));
  expect(Buffer.compare(result!, program)).toBe(0);
});

const sample = xz(Uint8Array.from({ length: 5000 }, (_, at) => (at % 7 === 0 ? 0xe8 : at)));

test("what is damaged gives nothing, never something else", async () => {
  const right = await decompressXz(sample);
  expect(right).toBeDefined();
  await fc.assert(
    fc.asyncProperty(fc.nat(sample.length - 1), fc.integer({ min: 1, max: 255 }), async (at, flip) => {
      const result = await decompressXz(sample.with(at, sample[at]! ^ flip));
      // The container's own checksums are not looked at: what counts is what comes out.
      if (result !== undefined) expect(result).toEqual(right);
    }),
  );
});

test("what is cut short, or no xz file, gives nothing", async () => {
  await fc.assert(
    fc.asyncProperty(fc.nat(sample.length - 1), async (length) => {
      expect(await decompressXz(sample.subarray(0, length))).toBeUndefined();
    }),
  );
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ maxLength: 100 }), async (bytes) => {
      expect(await decompressXz(bytes)).toBeUndefined();
    }),
  );
});

test("files of another make are left to the guest", async () => {
  const bytes = new Uint8Array(1000).fill(0xe8);
  expect(await decompressXz(xz(bytes, "--check=crc64", "--x86", "--lzma2"))).toBeUndefined();
  expect(await decompressXz(xz(bytes, "--check=crc32", "--lzma2"))).toBeUndefined();
  expect(await decompressXz(xz(bytes, "--check=crc32", "--delta", "--lzma2"))).toBeUndefined();
});
