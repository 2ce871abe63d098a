import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { FrameRing } from "../../worker/capture/frame-ring.ts";
import type { PacketBatch } from "../../worker/interface.ts";
import { CaptureFeed } from "./capture-feed.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

function setup() {
  const ring = new FrameRing();
  ring.begin(0);
  const push = (count: number) => {
    for (let index = 0; index < count; index += 1) ring.push(new Uint8Array(1000), 0, true);
  };
  let asked = 0;
  const batches: PacketBatch[] = [];
  const feed = new CaptureFeed(
    async (position, maxBytes) => {
      asked += 1;
      return ring.read(position, maxBytes);
    },
    (batch) => void batches.push(batch),
  );
  const frames = () => batches.reduce((sum, { lengths }) => sum + lengths.length, 0);
  return { feed, push, frames, asked: () => asked };
}

test("everything that is there comes at once, in batches, and then what comes later", async () => {
  const { feed, push, frames, asked } = setup();
  push(1000);
  feed.open();
  await vi.advanceTimersByTimeAsync(0);
  expect(frames()).toBe(1000);
  expect(asked()).toBeGreaterThan(1);
  push(5);
  await vi.advanceTimersByTimeAsync(1000);
  expect(frames()).toBe(1005);
});

test("held, it asks for nothing, and has missed nothing when it goes on", async () => {
  const { feed, push, frames, asked } = setup();
  feed.held = true;
  feed.open();
  push(10);
  await vi.advanceTimersByTimeAsync(5000);
  expect(asked()).toBe(0);
  feed.held = false;
  await vi.advanceTimersByTimeAsync(1000);
  expect(frames()).toBe(10);
});

test("what is on its way when it is held comes later", async () => {
  const { feed, push, frames } = setup();
  push(10);
  feed.open();
  feed.held = true;
  await vi.advanceTimersByTimeAsync(1000);
  expect(frames()).toBe(0);
  feed.held = false;
  await vi.advanceTimersByTimeAsync(1000);
  expect(frames()).toBe(10);
});

test("closed, it asks for nothing more, and opened again it goes on where it was", async () => {
  const { feed, push, frames, asked } = setup();
  push(10);
  feed.open();
  await vi.advanceTimersByTimeAsync(0);
  feed.close();
  const before = asked();
  push(10);
  await vi.advanceTimersByTimeAsync(5000);
  expect(asked()).toBe(before);
  expect(vi.getTimerCount()).toBe(0);
  feed.open();
  await vi.advanceTimersByTimeAsync(0);
  expect(frames()).toBe(20);
});
