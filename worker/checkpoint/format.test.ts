import fc from "fast-check";
import { expect, test } from "vitest";
import { type Checkpoint, parseCheckpoint, serializeCheckpoint } from "./format.ts";

const key = "0".repeat(64);
const bytes = (...values: number[]) => Uint8Array.of(...values);
const checkpoint: Checkpoint = {
  key,
  savedAtMs: 1_795_000_000_000,
  clock: [4096, 8192],
  held: [bytes(1, 2, 3), bytes(4)],
  console: new TextEncoder().encode("boot messages\r\n"),
  state: new Uint8Array(10_000).fill(7),
};
const file = await serializeCheckpoint(checkpoint);

test("what is written is read", async () => {
  expect(await parseCheckpoint(file, key)).toEqual(checkpoint);
});

test("a file is smaller than what it holds", () => {
  expect(file.length).toBeLessThan(1000);
});

test("a file of another boot is none", async () => {
  expect(await parseCheckpoint(file, "1".repeat(64))).toBeUndefined();
});

test("no file that was changed is read, and none makes it throw", async () => {
  await fc.assert(
    fc.asyncProperty(fc.nat(file.length - 1), fc.integer({ min: 1, max: 255 }), async (at, flip) => {
      expect(await parseCheckpoint(file.with(at, file[at]! ^ flip), key)).toBeUndefined();
    }),
  );
});

test("no file that was cut short or goes on is read", async () => {
  await fc.assert(
    fc.asyncProperty(fc.nat(file.length - 1), async (length) => {
      expect(await parseCheckpoint(file.slice(0, length), key)).toBeUndefined();
    }),
  );
  expect(await parseCheckpoint(Uint8Array.of(...file, 0), key)).toBeUndefined();
});

test("nothing else is read", async () => {
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ maxLength: 200 }), async (other) => {
      expect(await parseCheckpoint(new Uint8Array(other), key)).toBeUndefined();
    }),
  );
});
