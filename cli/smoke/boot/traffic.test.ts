import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  CLIENT_FLAGS,
  FRAMES,
  GO,
  GO_ACK,
  GO_INFO,
  GREETING,
  READ,
  READ_ANSWER,
  tcp,
} from "../../../net/dissect/testing/frames.ts";
import { parseCapture } from "../../../net/pcapng/read.ts";
import { ACK, PSH, SYN } from "../../../net/tcp/wire.ts";
import { BLOCK_BYTES, BlockMap, blocksOf, runsOf } from "./block-map.ts";
import { Capture } from "./capture.ts";
import { Traffic } from "./traffic.ts";

/** An NBD connection that reads 1024 bytes at 4096, as its frames. */
function nbdBoot(): { bytes: Uint8Array; fromGuest: boolean }[] {
  const next = { guest: 1, server: 1 };
  const say = (fromGuest: boolean, payload: Uint8Array) => {
    const [sequence, acknowledgment] = fromGuest ? [next.guest, next.server] : [next.server, next.guest];
    if (fromGuest) next.guest += payload.length;
    else next.server += payload.length;
    return { fromGuest, bytes: tcp({ fromGuest, sequence, acknowledgment, flags: ACK | PSH, payload }) };
  };
  return [
    { fromGuest: true, bytes: tcp({ fromGuest: true, sequence: 0, acknowledgment: 0, flags: SYN }) },
    { fromGuest: false, bytes: tcp({ fromGuest: false, sequence: 0, acknowledgment: 1, flags: SYN | ACK }) },
    say(false, GREETING),
    say(true, CLIENT_FLAGS),
    say(true, GO),
    say(false, GO_INFO),
    say(false, GO_ACK),
    say(true, READ),
    say(false, READ_ANSWER),
  ];
}

describe("the traffic of a boot", () => {
  it("has the blocks that were asked for over NBD, by the export's name", () => {
    const traffic = new Traffic();
    for (const [index, frame] of nbdBoot().entries()) traffic.take({ ...frame, epochMs: 1000 + index });
    expect(traffic.readBlocks("kisroot")).toEqual([[0, 1]]);
    expect(traffic.readBlocks("another")).toEqual([]);
    expect(traffic.protocols.find(({ protocol }) => protocol === "NBD")).toMatchObject({ frames: 7 });
  });

  it("has those asked for over AoE, by the target's address, and counts every protocol", () => {
    const traffic = new Traffic();
    for (const { bytes, info } of FRAMES)
      traffic.take({ bytes, epochMs: 1000, fromGuest: info.includes("READ EXT") });
    // Sector 2048 is 1 MiB into the disk.
    expect(traffic.readBlocks("e0.1")).toEqual([[16, 1]]);
    const all = traffic.protocols.reduce((sum, { frames }) => sum + frames, 0);
    expect(all).toBe(FRAMES.length);
    expect(traffic.protocols.map(({ protocol }) => protocol)).toEqual(
      expect.arrayContaining(["ARP", "DHCP", "TFTP", "AoE"]),
    );
  });

  it("survives whatever a guest sends", () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 200 })), (frames) => {
        const traffic = new Traffic(new Capture());
        for (const bytes of frames) traffic.take({ bytes, epochMs: 1, fromGuest: true });
        expect(traffic.protocols.reduce((sum, { frames: count }) => sum + count, 0)).toBe(frames.length);
      }),
    );
  });
});

describe("a capture", () => {
  it("has the frames, their times and their directions", () => {
    const capture = new Capture();
    const traffic = new Traffic(capture);
    const frames = nbdBoot();
    for (const [index, frame] of frames.entries()) traffic.take({ ...frame, epochMs: 1.7e12 + index });
    const read = parseCapture(capture.file)!;
    expect(read.map(({ bytes }) => Buffer.from(bytes).toString("hex"))).toEqual(
      frames.map(({ bytes }) => Buffer.from(bytes).toString("hex")),
    );
    expect(read[2]).toMatchObject({ epochMs: 1.7e12 + 2, direction: "in" });
    expect(read[3]).toMatchObject({ direction: "out" });
  });

  it("is bounded: the first frames are kept, and the others are counted", () => {
    const capture = new Capture(2000);
    for (let index = 0; index < 10; index += 1) capture.add(new Uint8Array(900).fill(index), index, true);
    expect(parseCapture(capture.file)!.map(({ bytes }) => bytes[0])).toEqual([0, 1]);
    expect(Buffer.from(capture.file).toString("latin1")).toContain("8 frames behind these had no room");
  });
});

describe("a map of blocks", () => {
  it("has every block that a read touches, and no other", () => {
    const read = fc.record({ offset: fc.nat(50 * BLOCK_BYTES), length: fc.nat(5 * BLOCK_BYTES) });
    fc.assert(
      fc.property(fc.array(read), (reads) => {
        const map = new BlockMap();
        const touched = new Set<number>();
        for (const { offset, length } of reads) {
          map.add(offset, length);
          for (let at = offset; at < offset + length; at += 1 + ((offset + length - 1 - at) % BLOCK_BYTES))
            touched.add(Math.floor(at / BLOCK_BYTES));
        }
        const blocks = blocksOf(map.runs);
        for (const block of touched) expect(blocks).toContain(block);
        for (const block of blocks)
          expect(
            reads.some(
              ({ offset, length }) =>
                length > 0 && offset < (block + 1) * BLOCK_BYTES && offset + length > block * BLOCK_BYTES,
            ),
          ).toBe(true);
        expect(runsOf(blocks)).toEqual(map.runs);
      }),
    );
  });
});
