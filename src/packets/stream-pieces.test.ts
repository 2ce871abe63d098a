import { expect, test } from "vitest";
import { FRAMES } from "../../net/dissect/testing/frames.ts";
import { FrameRing } from "../../worker/capture/frame-ring.ts";
import { PacketStore } from "./packet-store.ts";
import { streamOf } from "./stream-pieces.ts";

const ring = new FrameRing();
ring.begin(0);
for (const [index, { bytes, info }] of FRAMES.entries())
  ring.push(bytes, index, /client|READ 1024|\?$|^Read|SYN\]/.test(info) && !info.startsWith("answer"));
// The last frame once more.
ring.push(FRAMES.at(-1)!.bytes, 99, false);
const store = new PacketStore();
store.add(ring.read(undefined, 1e9));
const at = (info: string) => store.packets.find((packet) => store.summary(packet).info.startsWith(info))!;

test("a conversation is what one side said, and then the other", () => {
  const stream = streamOf(store, at("READ 1024"))!;
  expect(stream.filter).toBe("tcp.stream == 0");
  expect(stream.pieces.map(({ direction }) => direction)).toEqual(["in", "out", "in", "out", "in"]);
  expect(stream.pieces[0]!.text).toBe("NBDMAGICIHAVEOPT··");
  expect(stream.pieces[1]!.text).toContain("kisroot");
  expect(stream.cut).toBe(false);
  // What was sent again is there once.
  expect(stream.pieces.at(-1)!.text.length).toBe(16 + 1024);
});

test("datagrams are a conversation, too", () => {
  const stream = streamOf(store, at("A relay.netroot?"))!;
  expect(stream.filter).toMatch(/^udp\.stream == \d+$/);
  expect(stream.pieces.length).toBe(2);
  expect(stream.pieces[0]!.text).toContain("relay·netroot");
});

test("an ARP packet belongs to none", () => {
  expect(streamOf(store, at("Who has"))).toBeUndefined();
});
