import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ByteQueue } from "./byte-queue.ts";

const bytesOf = (...values: number[]) => Uint8Array.from(values);

describe("a byte queue", () => {
  it("gives nothing until there is enough, and then exactly that", () => {
    const queue = new ByteQueue();
    queue.push(bytesOf(1, 2));
    expect(queue.take(3)).toBeUndefined();
    queue.push(bytesOf(3, 4));
    expect(queue.take(3)).toEqual(bytesOf(1, 2, 3));
    expect(queue.length).toBe(1);
  });

  it("shows bytes without taking them", () => {
    const queue = new ByteQueue();
    queue.push(bytesOf(1, 2));
    queue.push(bytesOf(3));
    expect(queue.peek(3)).toEqual(bytesOf(1, 2, 3));
    expect(queue.peek(4)).toBeUndefined();
    expect(queue.take(3)).toEqual(bytesOf(1, 2, 3));
  });

  it("copies nothing where the bytes lie together", () => {
    const queue = new ByteQueue();
    const chunk = bytesOf(1, 2, 3, 4);
    queue.push(chunk);
    queue.skip(1);
    expect(queue.take(2)?.buffer).toBe(chunk.buffer);
  });

  it("drops at most what there is", () => {
    const queue = new ByteQueue();
    queue.push(bytesOf(1, 2, 3));
    expect([queue.skip(2), queue.skip(2), queue.skip(2)]).toEqual([2, 1, 0]);
  });

  it("is empty after clear", () => {
    const queue = new ByteQueue();
    queue.push(bytesOf(1, 2, 3));
    queue.skip(1);
    queue.clear();
    queue.push(bytesOf(9));
    expect(queue.take(1)).toEqual(bytesOf(9));
    expect(queue.length).toBe(0);
  });

  it("behaves as one array, however it is filled and read", () => {
    const step = fc.oneof(
      fc.record({ push: fc.uint8Array({ maxLength: 8 }) }),
      fc.record({ take: fc.nat(12) }),
      fc.record({ peek: fc.nat(12) }),
      fc.record({ skip: fc.nat(12) }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const queue = new ByteQueue();
        let model: number[] = [];
        for (const each of steps) {
          if ("push" in each) {
            queue.push(each.push);
            model.push(...each.push);
          } else if ("skip" in each) {
            expect(queue.skip(each.skip)).toBe(Math.min(each.skip, model.length));
            model = model.slice(each.skip);
          } else {
            const count = "take" in each ? each.take : each.peek;
            const expected = count <= model.length ? Uint8Array.from(model.slice(0, count)) : undefined;
            expect("take" in each ? queue.take(count) : queue.peek(count)).toEqual(expected);
            if ("take" in each && expected !== undefined) model = model.slice(count);
          }
          expect(queue.length).toBe(model.length);
        }
      }),
    );
  });
});
