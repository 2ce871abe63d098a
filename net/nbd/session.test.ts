import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Command, Info, Option } from "./constants.ts";
import { concat, feed, settle } from "./testing/recorded-stream.ts";
import { CLIENT_FLAGS, goOption, NONE, request, SIZE, start } from "./testing/session.ts";
import { serializeOption } from "./wire.ts";

describe("an NBD session, whatever the network does", () => {
  const conversation = concat(
    CLIENT_FLAGS,
    serializeOption(Option.structuredReply, NONE),
    serializeOption(Option.list, NONE),
    goOption("foo"),
    serializeOption(4711, new Uint8Array(17000)),
    goOption("kisroot", Option.go, [Info.blockSize]),
    request(Command.read, 1, 1000, 2000),
    request(Command.write, 2, 0, 5),
    Uint8Array.of(1, 2, 3, 4, 5),
    request(Command.trim, 3, 0, 5),
    request(Command.read, 4, SIZE, 1),
    request(Command.disconnect, 0, 0, 0),
  );

  async function answersTo(sizes: readonly number[]) {
    const { session, stream } = start();
    feed(session, conversation, sizes);
    await settle();
    return { answers: stream.takeAll(), state: stream.state };
  }

  it("answers the same to a byte at a time", async () => {
    const whole = await answersTo([conversation.length]);
    expect(whole.state).toBe("ended");
    expect(whole.answers.length).toBeGreaterThan(2000);
    expect(await answersTo([1])).toEqual(whole);
  });

  it("answers the same to any split", async () => {
    const whole = await answersTo([conversation.length]);
    const sizes = fc.array(fc.integer({ min: 1, max: 300 }), { minLength: 1, maxLength: 20 });
    await fc.assert(
      fc.asyncProperty(sizes, async (each) => {
        expect(await answersTo(each)).toEqual(whole);
      }),
    );
  });

  it("neither throws nor leaks when any bytes are changed, left out or put in", async () => {
    const place = fc.nat(conversation.length - 1);
    const change = fc.oneof(
      fc.record({ at: place, flip: fc.integer({ min: 1, max: 255 }) }),
      fc.record({ at: place, drop: fc.integer({ min: 1, max: 40 }) }),
      fc.record({ at: place, insert: fc.uint8Array({ minLength: 1, maxLength: 40 }) }),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(change, { minLength: 1, maxLength: 6 }), async (changes) => {
        let bytes = conversation;
        for (const each of changes) {
          const before = bytes.slice(0, each.at);
          const after = bytes.slice(each.at);
          if ("flip" in each && after.length > 0) after[0]! ^= each.flip;
          if ("drop" in each) bytes = concat(before, after.subarray(each.drop));
          else bytes = concat(before, "insert" in each ? each.insert : NONE, after);
        }
        const { session, counters } = start();
        feed(session, bytes, [977]);
        session.end();
        await settle();
        session.closed("finished");
        expect(counters.openSessions).toBe(0);
      }),
      { numRuns: 500 },
    );
  });

  it("neither throws nor leaks on bytes that make no sense at all", async () => {
    const opening = fc.constantFrom(
      NONE,
      CLIENT_FLAGS,
      conversation.subarray(0, 40),
      conversation.subarray(0, conversation.length - 28),
    );
    await fc.assert(
      fc.asyncProperty(opening, fc.uint8Array({ maxLength: 400 }), async (before, bytes) => {
        const { session, counters } = start();
        feed(session, concat(before, bytes), [7, 64]);
        session.drained();
        session.end();
        await settle();
        session.closed("reset");
        expect(counters.openSessions).toBe(0);
      }),
      { numRuns: 500 },
    );
  });
});
