import { expect, test } from "vitest";
import { FRAMES, tcp } from "../../net/dissect/testing/frames.ts";
import { FrameRing } from "../../worker/capture/frame-ring.ts";
import { PacketStore } from "./packet-store.ts";
import { sequenceOf } from "./sequence-steps.ts";

function storeOf(
  frames: readonly { readonly bytes: Uint8Array; readonly fromGuest: boolean }[],
): PacketStore {
  const ring = new FrameRing();
  ring.begin(0);
  for (const [index, { bytes, fromGuest }] of frames.entries()) ring.push(bytes, index, fromGuest);
  const store = new PacketStore();
  store.add(ring.read(undefined, 1e9));
  return store;
}

const segment = (fromGuest: boolean, length: number) => ({
  fromGuest,
  bytes: tcp({ fromGuest, sequence: 5, acknowledgment: 7, payload: new Uint8Array(length) }),
});

test("each message is an arrow to whom it went, or from whom it came", () => {
  const store = storeOf([
    { bytes: FRAMES[0]!.bytes, fromGuest: true },
    { bytes: FRAMES[1]!.bytes, fromGuest: false },
  ]);
  expect(sequenceOf(store, store.packets)).toMatchObject({
    left: 0,
    steps: [
      { number: 1, direction: "out", other: "255.255.255.255", protocol: "DHCP", text: FRAMES[0]!.info },
      { number: 2, direction: "in", other: "10.86.0.1", protocol: "DHCP", text: FRAMES[1]!.info },
    ],
  });
});

test("segments on the way in one direction are one arrow, unless they open or end a connection", () => {
  const opening = FRAMES.filter(({ info }) => info.includes("SYN]")).map(({ bytes }, index) => ({
    bytes,
    fromGuest: index === 0,
  }));
  const store = storeOf([
    ...opening,
    segment(false, 100),
    segment(false, 100),
    segment(false, 100),
    segment(true, 0),
    segment(false, 100),
  ]);
  const { steps } = sequenceOf(store, store.packets);
  expect(steps.map(({ direction, frames }) => [direction, frames])).toEqual([
    ["out", 1],
    ["in", 1],
    ["in", 3],
    ["out", 1],
    ["in", 1],
  ]);
  expect(steps[2]).toMatchObject({ number: 3, text: "3 segments" });
});

test("a diagram ends somewhere, and says how much is left", () => {
  const store = storeOf(Array.from({ length: 500 }, () => ({ bytes: FRAMES[2]!.bytes, fromGuest: true })));
  const { steps, left } = sequenceOf(store, store.packets);
  expect(steps.length + left).toBe(500);
  expect(left).toBeGreaterThan(0);
});
