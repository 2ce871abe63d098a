import { expect, test } from "vitest";
import { FRAMES } from "../../net/dissect/testing/frames.ts";
import { FrameRing } from "../../worker/capture/frame-ring.ts";
import { PacketStore } from "./packet-store.ts";

function capture(): FrameRing {
  const ring = new FrameRing();
  ring.begin(5000);
  for (const [index, { bytes }] of FRAMES.entries()) ring.push(bytes, index, index % 2 === 0);
  return ring;
}

function fill(store: PacketStore, ring: FrameRing, maxBytes = 500): void {
  while (true) {
    const batch = ring.read(store.position, maxBytes);
    store.add(batch);
    if (!batch.more) return;
  }
}

test("what was captured is shown as it is, however it was cut into batches", () => {
  const store = new PacketStore();
  fill(store, capture());
  const lines = store.packets.map((packet) => store.summary(packet).info);
  expect(lines).toEqual(FRAMES.map(({ info }) => info));
  expect(store.packets.map(({ context }) => context.number)).toEqual(FRAMES.map((_, index) => index + 1));
  expect(store).toMatchObject({ startedAtMs: 5000, dropped: 0 });
});

test("the oldest frames go first, and are counted", () => {
  const store = new PacketStore({ maxBytes: 2000 });
  fill(store, capture());
  const bytes = store.packets.reduce((sum, packet) => sum + packet.bytes.length, 0);
  expect(bytes).toBeLessThanOrEqual(2000);
  expect(store.packets.at(-1)!.context.number).toBe(FRAMES.length);
  expect(store.dropped + store.packets.length).toBe(FRAMES.length);
});

test("frames are bounded in number, too", () => {
  const store = new PacketStore({ maxFrames: 5 });
  fill(store, capture());
  expect(store.packets.map(({ context }) => context.number)).toEqual([18, 19, 20, 21, 22]);
  expect(store.dropped).toBe(17);
});

test("a machine that was switched on again begins a new list", () => {
  const store = new PacketStore();
  const ring = capture();
  fill(store, ring);
  ring.begin(9000);
  ring.push(FRAMES[0]!.bytes, 1, true);
  expect(store.add(ring.read(store.position, 500))).toBe(true);
  expect(store.packets.map(({ context }) => context.number)).toEqual([1]);
  expect(store.startedAtMs).toBe(9000);
});

test("clearing forgets the frames and goes on counting", () => {
  const store = new PacketStore();
  const ring = capture();
  fill(store, ring);
  store.clear();
  expect(store.packets).toEqual([]);
  ring.push(FRAMES.at(-2)!.bytes, 50, true);
  expect(store.add(ring.read(store.position, 500))).toBe(false);
  expect(store.packets.map(({ context }) => context.number)).toEqual([FRAMES.length + 1]);
  expect(store.packets[0]!.context.tcp!.notes).toEqual(["retransmission"]);
});
