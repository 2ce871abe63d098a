import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { BatchWriter, MAX_BATCH_BYTES, parseBatch, serializeBatch } from "./batch.ts";
import { FrameSlab } from "./frame-slab.ts";

const lengths = fc.array(fc.integer({ min: 14, max: 9014 }), { minLength: 1, maxLength: 60 });

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

  it("are alone in their buffer above what a batch may hold", () => {
    const frame = new FrameSlab().allocate(MAX_BATCH_BYTES);
    expect(frame).toEqual(new Uint8Array(MAX_BATCH_BYTES));
    expect(frame.buffer.byteLength).toBe(MAX_BATCH_BYTES);
  });
});
