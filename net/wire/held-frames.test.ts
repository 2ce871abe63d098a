import fc from "fast-check";
import { expect, it } from "vitest";
import { HeldFrames } from "./held-frames.ts";

it("holds the first frames, in order, up to its bound, and copies of them", () => {
  fc.assert(
    fc.property(
      fc.array(fc.uint8Array({ minLength: 1, maxLength: 50 }), { maxLength: 30 }),
      fc.nat(600),
      (frames, maxBytes) => {
        const held = new HeldFrames(maxBytes);
        const kept = frames.filter((frame) => held.push(frame)).map((frame) => frame.slice());
        expect(held.bytes).toBe(kept.reduce((sum, { length }) => sum + length, 0));
        expect(held.bytes).toBeLessThanOrEqual(maxBytes);
        for (const frame of frames) frame.fill(0xff);
        expect(held.take()).toEqual(kept);
        expect([held.take(), held.bytes]).toEqual([[], 0]);
      },
    ),
  );
});
