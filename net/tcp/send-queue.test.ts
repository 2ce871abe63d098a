import fc from "fast-check";
import { expect, test } from "vitest";
import { SendQueue } from "./send-queue.ts";

const commands = fc.array(
  fc.oneof(
    fc.record({ kind: fc.constant("push" as const), bytes: fc.uint8Array({ maxLength: 40 }) }),
    fc.record({ kind: fc.constant("release" as const), share: fc.double({ min: 0, max: 1, noNaN: true }) }),
    fc.record({
      kind: fc.constant("copy" as const),
      from: fc.double({ min: 0, max: 1, noNaN: true }),
      to: fc.double({ min: 0, max: 1, noNaN: true }),
    }),
  ),
  { maxLength: 60 },
);

test("holds what an array would, whatever is pushed, released and copied", () => {
  fc.assert(
    fc.property(commands, (list) => {
      const queue = new SendQueue();
      const pushed: { readonly end: number; released: number }[] = [];
      let released = 0;
      let model: number[] = [];
      for (const command of list) {
        if (command.kind === "push") {
          queue.push(command.bytes);
          const piece = { end: released + queue.length, released: 0 };
          pushed.push(piece);
          queue.callWhenReleased(() => {
            piece.released += 1;
          });
          model.push(...command.bytes);
        } else if (command.kind === "release") {
          const octets = Math.floor(command.share * model.length);
          queue.release(octets);
          released += octets;
          model = model.slice(octets);
        } else {
          const from = Math.floor(Math.min(command.from, command.to) * model.length);
          const to = Math.floor(Math.max(command.from, command.to) * model.length);
          const target = new Uint8Array(to - from + 2);
          queue.copyTo(target, 1, from, to - from);
          expect([...target]).toEqual([0, ...model.slice(from, to), 0]);
        }
        expect(queue.length).toBe(model.length);
        expect(pushed.map((piece) => piece.released)).toEqual(
          pushed.map(({ end }) => (end <= released ? 1 : 0)),
        );
      }
      queue.clear();
      expect(pushed.every((piece) => piece.released === 1)).toBe(true);
    }),
  );
});
