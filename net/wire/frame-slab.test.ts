import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { BatchWriter, MAX_BATCH_BYTES, parseBatch, serializeBatch } from "./batch.ts";
import { FrameSlab } from "./frame-slab.ts";

const lengths = fc.array(fc.integer({ min: 14, max: 9014 }), { minLength: 1, maxLength: 60 });

function isFilledWith(frame: Uint8Array, octet: number): boolean {
  return frame.every((each) => each === octet);
}

function fill(frames: readonly Uint8Array[]): void {
  for (const [index, frame] of frames.entries()) frame.fill(index + 1);
}

describe("frames made in a row", () => {
  it("are of the length asked for, zeroed, and overlap nowhere", () => {
    fc.assert(
      fc.property(lengths, (wanted) => {
        const slab = new FrameSlab();
        const frames = wanted.map((length) => slab.allocate(length));
        for (const frame of frames) expect(frame.every((octet) => octet === 0)).toBe(true);
        fill(frames);
        expect(frames.map(({ length }) => length)).toEqual(wanted);
        for (const [index, frame] of frames.entries())
          expect(frame.every((octet) => octet === index + 1)).toBe(true);
      }),
    );
  });

  it("are a batch where they lie, and the same batch as copies of them", () => {
    fc.assert(
      fc.property(lengths, fc.nat(59), fc.nat(59), (wanted, from, to) => {
        const slab = new FrameSlab();
        const all = wanted.map((length) => slab.allocate(length));
        fill(all);
        const frames = all.slice(Math.min(from, to), Math.max(from, to) + 1);
        if (frames.length === 0) return;
        const message = serializeBatch(frames);
        expect(message).toEqual(serializeBatch(frames.map((frame) => frame.slice())));
        const inOneSlab = frames.every(({ buffer }) => buffer === frames[0]!.buffer);
        expect(message.buffer === frames[0]!.buffer).toBe(inOneSlab);
        expect(parseBatch(message, 9000)).toEqual({ ok: true, frames, rejected: 0 });
      }),
    );
  });

  it("are copied where one was left out, or where something else stands between them", () => {
    const slab = new FrameSlab();
    const [first, left, last] = [slab.allocate(60), slab.allocate(60), slab.allocate(60)];
    expect(serializeBatch([first!, last!]).buffer).not.toBe(first!.buffer);
    expect(serializeBatch([last!, left!]).buffer).not.toBe(first!.buffer);
    const elsewhere = new Uint8Array(200).fill(9);
    const [one, other] = [elsewhere.subarray(2, 62), elsewhere.subarray(64, 124)];
    expect(parseBatch(serializeBatch([one, other]), 1500)).toEqual({
      ok: true,
      frames: [one, other],
      rejected: 0,
    });
    expect(elsewhere.every((octet) => octet === 9)).toBe(true);
  });

  it.each([1514, 9014])(
    "leave a writer without a copy but for the first, whatever was flushed before: %d octets",
    (length) => {
      const slab = new FrameSlab();
      const buffers = new Set<ArrayBufferLike>();
      const copies: number[] = [];
      const writer = new BatchWriter((message) => {
        if (!buffers.has(message.buffer)) copies.push(message.length);
      });
      for (let index = 0; index < 500; index++) {
        const frame = slab.allocate(length);
        buffers.add(frame.buffer);
        writer.add(frame);
        if (index === 3) writer.flush();
      }
      expect(copies.length).toBeLessThanOrEqual(1);
    },
  );

  it("keep what is in them until they are given back, and begin as zeroes in memory that was used before", () => {
    const commands = fc.array(
      fc.oneof(
        fc.record({ length: fc.integer({ min: 14, max: 9014 }) }),
        fc.record({ from: fc.nat(40), count: fc.nat(40) }),
      ),
      { maxLength: 120 },
    );
    fc.assert(
      fc.property(commands, (list) => {
        const slab = new FrameSlab();
        const live: { readonly frame: Uint8Array; readonly mark: number }[] = [];
        for (const [index, command] of list.entries()) {
          if ("length" in command) {
            const frame = slab.allocate(command.length);
            expect(isFilledWith(frame, 0)).toBe(true);
            live.push({ frame: frame.fill(index + 1), mark: index + 1 });
          } else {
            slab.giveBack(
              live.splice(command.from % (live.length + 1), command.count).map(({ frame }) => frame),
            );
          }
          expect(live.every(({ frame, mark }) => isFilledWith(frame, mark))).toBe(true);
        }
      }),
      { numRuns: 50 },
    );
  });

  it("lie in memory that was used before, once all in it were given back", () => {
    const slab = new FrameSlab();
    const first = slab.allocate(9014);
    const [...rest] = Array.from({ length: 5 }, () => slab.allocate(9014));
    expect(rest.at(-1)!.buffer).not.toBe(first.buffer);
    slab.giveBack(rest);
    expect(slab.allocate(9014).buffer).not.toBe(first.buffer);
    slab.giveBack([first, new Uint8Array(9014)]);
    const later = Array.from({ length: 10 }, () => slab.allocate(9014).buffer);
    expect(later).toContain(first.buffer);
  });

  it("are alone in their buffer above what a batch may hold", () => {
    const frame = new FrameSlab().allocate(MAX_BATCH_BYTES);
    expect(frame).toEqual(new Uint8Array(MAX_BATCH_BYTES));
    expect(frame.buffer.byteLength).toBe(MAX_BATCH_BYTES);
  });
});
