import { expect, test } from "vitest";
import type { PacketPosition } from "../interface.ts";
import { FrameRing } from "./frame-ring.ts";

const frame = (first: number, length = 10) => new Uint8Array(length).fill(first);

function filled(count: number, options = {}): FrameRing {
  const ring = new FrameRing(options);
  ring.begin(1000);
  for (let index = 1; index <= count; index += 1) ring.push(frame(index), index * 5, index % 2 === 1);
  return ring;
}

test("a reader gets every frame once, in pieces of the size that it asks for", () => {
  const ring = filled(7);
  const seen: number[] = [];
  let position: PacketPosition | undefined;
  for (;;) {
    const batch = ring.read(position, 30);
    expect(batch.bytes.length).toBeLessThanOrEqual(30);
    for (let at = 0; at < batch.bytes.length; at += 10) seen.push(batch.bytes[at]!);
    position = batch;
    if (!batch.more) break;
  }
  expect(seen).toEqual([1, 2, 3, 4, 5, 6, 7]);
  expect(ring.read(position, 30)).toMatchObject({ after: 7, lost: 0, more: false });
  ring.push(frame(8), 40, false);
  expect([...ring.read(position, 30).bytes.subarray(0, 1)]).toEqual([8]);
});

test("a frame that is larger than what was asked for comes by itself", () => {
  const ring = filled(1);
  ring.push(frame(2, 1000), 10, true);
  expect(ring.read({ capture: 1, after: 1 }, 30).bytes.length).toBe(1000);
});

test("times and directions go with the frames", () => {
  const batch = filled(2).read(undefined, 1000);
  expect(batch).toMatchObject({ capture: 1, startedAtMs: 1000 });
  expect([...batch.timesMs]).toEqual([5, 10]);
  expect([...batch.fromGuest]).toEqual([1, 0]);
  expect([...batch.lengths]).toEqual([10, 10]);
});

test("the oldest frames go when the bytes, or the frames, are too many, and a reader learns how many it missed", () => {
  for (const options of [{ maxBytes: 40 }, { maxFrames: 4 }]) {
    const ring = filled(10_000, options);
    expect(ring.bytes).toBe(40);
    const batch = ring.read({ capture: 1, after: 3 }, 1000);
    expect(batch).toMatchObject({ lost: 9993, after: 10_000, more: false });
    expect(batch.lengths.length).toBe(4);
  }
});

test("a new power-on begins a new capture, wherever the reader was", () => {
  const ring = filled(3);
  const position = ring.read(undefined, 1000);
  ring.begin(2000);
  ring.push(frame(9), 1, true);
  const batch = ring.read(position, 1000);
  expect(batch).toMatchObject({ capture: 2, startedAtMs: 2000, lost: 0, after: 1 });
  expect(batch.bytes[0]).toBe(9);
});

test("a part of a large message does not keep the message", () => {
  const ring = filled(0);
  const message = new Uint8Array(48_000).fill(1);
  ring.push(message.subarray(100, 160), 1, false);
  message.fill(2);
  expect([...new Set(ring.read(undefined, 1000).bytes)]).toEqual([1]);
});
