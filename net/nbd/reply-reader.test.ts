import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ReplyReader } from "./reply-reader.ts";
import { serializeSimpleReply } from "./wire.ts";

interface Answer {
  readonly error: number;
  readonly data: Uint8Array;
}

const answers = fc.array(
  fc.oneof(
    fc.record({ error: fc.constant(0), data: fc.uint8Array({ maxLength: 300 }) }),
    fc.record({ error: fc.constant(5), data: fc.constant(new Uint8Array(0)) }),
  ),
  { maxLength: 12 },
);

function reading(expected: readonly Answer[]) {
  const got: Answer[] = [];
  const reader = new ReplyReader({
    payloadOf: (cookie) => expected[Number(cookie)]?.data.length,
    allocate: (lengthBytes) => new Uint8Array(lengthBytes).fill(0xee),
    reply: (_cookie, error, data) => got.push({ error, data }),
  });
  return { reader, got };
}

describe("simple replies", () => {
  test("are read wherever they are split, through one buffer that is overwritten each time", () => {
    fc.assert(
      fc.property(answers, fc.infiniteStream(fc.integer({ min: 1, max: 200 })), (expected, sizes) => {
        const { reader, got } = reading(expected);
        const stream = Buffer.concat(
          expected.flatMap(({ error, data }, index) => [
            serializeSimpleReply({ error, cookie: BigInt(index) }),
            data,
          ]),
        );
        const buffer = new Uint8Array(200);
        for (let at = 0; at < stream.length; ) {
          const size = Math.min(sizes.next().value as number, stream.length - at);
          buffer.set(stream.subarray(at, at + size));
          expect(reader.push(buffer.subarray(0, size))).toBeUndefined();
          buffer.fill(0xdd);
          at += size;
        }
        expect(got).toEqual(expected);
      }),
    );
  });

  test("that are none, or that nobody asked for, are said to be so", () => {
    const { reader } = reading([]);
    expect(reader.push(serializeSimpleReply({ error: 0, cookie: 3n }))).toContain("not asked");
    expect(reading([]).reader.push(new Uint8Array(16))).toContain("no reply");
  });

  test("are not read any more once nobody wants them", () => {
    const one = { error: 0, data: new Uint8Array(0) };
    const { reader, got } = reading([one, one]);
    reader.push(serializeSimpleReply({ error: 0, cookie: 0n }));
    reader.close();
    reader.push(serializeSimpleReply({ error: 0, cookie: 1n }));
    expect(got).toEqual([one]);
  });
});
