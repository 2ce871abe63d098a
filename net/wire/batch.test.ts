import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  BatchWriter,
  isFrameLength,
  MAX_BATCH_BYTES,
  MAX_MTU,
  maxMessageBytes,
  parseBatch,
  serializeBatch,
} from "./batch.ts";

const MTU = 1500;
const frame = fc.uint8Array({ minLength: 14, maxLength: MTU + 14 });
const bytes = (list: Iterable<Uint8Array>) => Array.from(list, (each) => Array.from(each));

describe("parseBatch and serializeBatch", () => {
  it("write each frame behind its length, high byte first", () => {
    expect(Array.from(serializeBatch([new Uint8Array(14).fill(7), new Uint8Array(258).fill(9)]))).toEqual([
      ...[0x00, 0x0e], // 14 bytes
      ...Array<number>(14).fill(7),
      ...[0x01, 0x02], // 258 bytes
      ...Array<number>(258).fill(9),
    ]);
  });

  it("are twins", () => {
    fc.assert(
      fc.property(fc.array(frame, { minLength: 1, maxLength: 40 }), (frames) => {
        const result = parseBatch(serializeBatch(frames), MTU);
        expect(result.ok && result.rejected === 0 && bytes(result.frames)).toEqual(bytes(frames));
      }),
    );
  });

  it("call every strict prefix of a one-frame message truncated", () => {
    const message = serializeBatch([new Uint8Array(60).fill(1)]);
    expect(parseBatch(message.subarray(0, 0), MTU)).toEqual({ ok: false, reason: "empty" });
    expect(parseBatch(message.subarray(0, 1), MTU)).toEqual({ ok: false, reason: "truncated-length" });
    for (let length = 2; length < message.length; length++) {
      expect(parseBatch(message.subarray(0, length), MTU)).toEqual({ ok: false, reason: "truncated-frame" });
    }
    expect(parseBatch(message, MTU).ok).toBe(true);
  });

  it("leave out frames of a wrong length and keep their neighbours", () => {
    const sizes = [13, 14, MTU + 14, MTU + 15, 0, 60];
    const result = parseBatch(serializeBatch(sizes.map((size) => new Uint8Array(size))), MTU);
    expect(result.ok && result.rejected).toBe(3);
    expect(result.ok && result.frames.map((each) => each.length)).toEqual([14, MTU + 14, 60]);
  });

  it("never throw, and account for every byte, whatever comes in", () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 4000 }),
        fc.integer({ min: 0, max: MAX_MTU }),
        (message, mtu) => {
          const result = parseBatch(message, mtu);
          if (!result.ok) return;
          let size = 2 * (result.frames.length + result.rejected);
          for (const each of result.frames) {
            expect(isFrameLength(each.length, mtu)).toBe(true);
            size += each.length;
          }
          expect(size).toBeLessThanOrEqual(message.length);
          if (result.rejected === 0) expect(size).toBe(message.length);
        },
      ),
      { numRuns: 1000 },
    );
  });

  it("refuse to write a frame that has no u16 length", () => {
    expect(() => serializeBatch([new Uint8Array(0x10000)])).toThrow(RangeError);
  });
});

describe("BatchWriter", () => {
  it("keeps order and loses nothing, in messages within the limit", () => {
    const any = fc.oneof(
      frame,
      fc.integer({ min: 14, max: 0xffff }).map((size) => new Uint8Array(size).fill(size)),
    );
    fc.assert(
      fc.property(fc.array(any, { maxLength: 60 }), (frames) => {
        const messages: Uint8Array[] = [];
        const writer = new BatchWriter((message) => messages.push(message));
        for (const each of frames) writer.add(each);
        writer.flush();
        expect(writer.pendingBytes).toBe(0);
        const back: Uint8Array[] = [];
        for (const message of messages) {
          const result = parseBatch(message, MAX_MTU);
          if (!result.ok) throw new Error(result.reason);
          expect(message.length <= MAX_BATCH_BYTES || result.frames.length === 1).toBe(true);
          expect(message.length).toBeLessThanOrEqual(maxMessageBytes(MAX_MTU));
          back.push(...result.frames);
        }
        expect(back.length).toBe(frames.length);
        for (const [index, each] of back.entries()) {
          expect(Buffer.compare(each, frames[index]!)).toBe(0);
        }
      }),
      { numRuns: 60 },
    );
  });

  it("sends nothing when there is nothing, and nothing of what was discarded", () => {
    let sent = 0;
    const writer = new BatchWriter(() => {
      sent += 1;
    });
    writer.flush();
    writer.add(new Uint8Array(60));
    writer.discard();
    writer.flush();
    expect(sent).toBe(0);
  });
});
