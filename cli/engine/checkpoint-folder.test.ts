import { mkdtemp, readdir, rm, utimes } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { checkpointFolder } from "./checkpoint-folder.ts";

const key = (digit: number) => String(digit).repeat(64);

async function setUp() {
  const parent = await mkdtemp(join(tmpdir(), "netroot-checkpoints-"));
  onTestFinished(() => rm(parent, { recursive: true }));
  const folder = join(parent, "not", "there", "yet");
  return { folder, store: checkpointFolder(folder) };
}

test("a checkpoint is there until it is removed", async () => {
  const { store } = await setUp();
  expect(await store.load(key(1))).toBeUndefined();
  await store.remove(key(1));
  await store.save(key(1), Uint8Array.of(1, 2, 3));
  await store.save(key(1), Uint8Array.of(4, 5));
  expect(await store.load(key(1))).toEqual(Uint8Array.of(4, 5));
  await store.remove(key(1));
  expect(await store.load(key(1))).toBeUndefined();
});

test("three are kept: the one that was used longest ago goes", async () => {
  const { folder, store } = await setUp();
  for (const digit of [1, 2, 3]) {
    await store.save(key(digit), Uint8Array.of(digit));
    const used = new Date(2020, 0, digit);
    await utimes(join(folder, key(digit)), used, used);
  }
  await store.load(key(1));
  await store.save(key(4), Uint8Array.of(4));
  expect((await readdir(folder)).sort()).toEqual([key(1), key(3), key(4)]);
});

test("a folder that cannot be made is an error when something is to be kept, and nothing before", async () => {
  const store = checkpointFolder("/dev/null/checkpoints");
  expect(await store.load(key(1))).toBeUndefined();
  await expect(store.save(key(1), Uint8Array.of(1))).rejects.toThrow();
});
