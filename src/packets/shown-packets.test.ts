import { expect, test } from "vitest";
import type { Filter } from "../../net/dissect/filter/filter.ts";
import { parseFilter } from "../../net/dissect/filter/parse.ts";
import { FRAMES } from "../../net/dissect/testing/frames.ts";
import { FrameRing } from "../../worker/capture/frame-ring.ts";
import { PacketStore } from "./packet-store.ts";
import { ShownPackets } from "./shown-packets.ts";

const ring = () => {
  const frames = new FrameRing();
  frames.begin(0);
  return frames;
};
const numbers = (shown: ShownPackets) => shown.list.map(({ context }) => context.number);
const arp = parseFilter("arp") as Filter;

test("frames are looked at a slice at a time, each once, as they come", () => {
  const frames = ring();
  const store = new PacketStore();
  const shown = new ShownPackets(store);
  shown.filter(arp);
  for (let round = 0; round < 10; round += 1) for (const { bytes } of FRAMES) frames.push(bytes, 0, true);
  store.add(frames.read(undefined, 1e9));
  let nowMs = 0;
  let slices = 0;
  while (shown.behind) {
    shown.advance(() => ++nowMs, nowMs + 1);
    slices += 1;
  }
  expect(slices).toBeGreaterThan(3);
  const every = Array.from({ length: 10 }, (_, round) => [3, 4].map((at) => at + round * FRAMES.length));
  expect(numbers(shown)).toEqual(every.flat());
  shown.filter(undefined);
  shown.advance(() => 0, 1);
  expect(shown.list.length).toBe(10 * FRAMES.length);
});

test("what the store no longer has is not shown any more", () => {
  const frames = ring();
  const store = new PacketStore({ maxBytes: 1000 });
  const shown = new ShownPackets(store);
  for (const { bytes } of FRAMES.slice(0, 8)) {
    frames.push(bytes, 0, true);
    store.add(frames.read(store.position, 1e9));
    shown.forgetBefore(store.packets[0]!.context.number);
    shown.advance(() => 0, 1);
  }
  expect(numbers(shown)).toEqual(store.packets.map(({ context }) => context.number));
  expect(numbers(shown)[0]).toBeGreaterThan(1);
});
