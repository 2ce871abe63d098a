import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  GREETING_BYTES,
  OPTION_HEADER_BYTES,
  OPTION_REPLY_HEADER_BYTES,
  parseGreeting,
  parseOptionHeader,
  parseOptionReplyHeader,
  parseRequest,
  parseSimpleReply,
  REQUEST_BYTES,
  SIMPLE_REPLY_BYTES,
  serializeGreeting,
  serializeOption,
  serializeOptionReply,
  serializeRequest,
  serializeSimpleReply,
} from "./wire.ts";

const u16 = fc.nat(0xffff);
const u32 = fc.nat(0xffffffff);
const u64 = fc.bigInt({ min: 0n, max: 0xffffffffffffffffn });
/** Bytes in hexadecimal, each run of them with what it means. */
const fields = (...each: readonly (readonly [hex: string, meaning: string])[]) =>
  Uint8Array.from(Buffer.from(each.map(([hex]) => hex).join(""), "hex"));

// Recorded between nbdcopy 1.14 and nbd-server 3.24, for an export of 4096 bytes.
describe("what nbdcopy and nbd-server say to each other", () => {
  it("begins with the greeting", () => {
    const bytes = fields(
      ["4e42444d41474943", "NBDMAGIC"],
      ["49484156454f5054", "IHAVEOPT"],
      ["0003", "fixed newstyle, no zeroes"],
    );
    expect(parseGreeting(bytes)).toBe(3);
    expect(serializeGreeting()).toEqual(bytes);
  });

  it("goes on with NBD_OPT_GO for the export kisroot", () => {
    const bytes = fields(
      ["49484156454f5054", "IHAVEOPT"],
      ["00000007", "GO"],
      ["0000000f", "15 bytes follow"],
      ["00000007", "the name is 7 long"],
      ["6b6973726f6f74", "kisroot"],
      ["0001", "one piece of information is asked for"],
      ["0003", "block sizes"],
    );
    expect(parseOptionHeader(bytes)).toEqual({ option: 7, lengthBytes: 15 });
    expect(serializeOption(7, bytes.subarray(OPTION_HEADER_BYTES))).toEqual(bytes);
  });

  it("is answered with the export's size and flags", () => {
    const bytes = fields(
      ["0003e889045565a9", "reply magic"],
      ["00000007", "to GO"],
      ["00000003", "INFO"],
      ["0000000c", "12 bytes follow"],
      ["0000", "EXPORT"],
      ["0000000000001000", "4096 bytes"],
      ["0143", "has flags, read-only, write zeroes, several connections"],
    );
    expect(parseOptionReplyHeader(bytes)).toEqual({ option: 7, reply: 3, lengthBytes: 12 });
    expect(serializeOptionReply(7, 3, bytes.subarray(OPTION_REPLY_HEADER_BYTES))).toEqual(bytes);
  });

  it("then reads", () => {
    const bytes = fields(
      ["25609513", "request magic"],
      ["0000", "no flags"],
      ["0000", "READ"],
      ["0000000000000001", "cookie"],
      ["0000000000000000", "from the beginning"],
      ["00001000", "4096 bytes"],
    );
    const request = { flags: 0, command: 0, cookie: 1n, offset: 0n, length: 4096 };
    expect(parseRequest(bytes)).toEqual(request);
    expect(serializeRequest(request)).toEqual(bytes);
  });

  it("and is answered", () => {
    const bytes = fields(
      ["67446698", "simple reply magic"],
      ["00000000", "no error"],
      ["0000000000000001", "cookie"],
    );
    expect(parseSimpleReply(bytes)).toEqual({ error: 0, cookie: 1n });
    expect(serializeSimpleReply({ error: 0, cookie: 1n })).toEqual(bytes);
  });
});

describe("the twins", () => {
  it("undo each other", () => {
    const request = fc.record({ flags: u16, command: u16, cookie: u64, offset: u64, length: u32 });
    fc.assert(
      fc.property(request, (one) => {
        expect(parseRequest(serializeRequest(one))).toEqual(one);
      }),
    );
    const reply = fc.record({ error: u32, cookie: u64 });
    fc.assert(
      fc.property(reply, (one) => {
        expect(parseSimpleReply(serializeSimpleReply(one))).toEqual(one);
      }),
    );
    fc.assert(
      fc.property(u32, u32, fc.uint8Array({ maxLength: 20 }), (option, reply, data) => {
        const lengthBytes = data.length;
        expect(parseOptionHeader(serializeOption(option, data))).toEqual({ option, lengthBytes });
        const answered = serializeOptionReply(option, reply, data);
        expect(parseOptionReplyHeader(answered)).toEqual({ option, reply, lengthBytes });
        expect(answered.subarray(OPTION_REPLY_HEADER_BYTES)).toEqual(data);
      }),
    );
  });

  it.each([
    ["greeting", parseGreeting, serializeGreeting(), GREETING_BYTES, 16],
    ["option", parseOptionHeader, serializeOption(7, new Uint8Array(0)), OPTION_HEADER_BYTES, 8],
    [
      "option reply",
      parseOptionReplyHeader,
      serializeOptionReply(7, 1, new Uint8Array(0)),
      OPTION_REPLY_HEADER_BYTES,
      8,
    ],
    [
      "request",
      parseRequest,
      serializeRequest({ flags: 0, command: 0, cookie: 0n, offset: 0n, length: 0 }),
      REQUEST_BYTES,
      4,
    ],
    ["simple reply", parseSimpleReply, serializeSimpleReply({ error: 0, cookie: 0n }), SIMPLE_REPLY_BYTES, 4],
  ] as const)(
    "refuse a %s that is cut short or has another magic, and read one inside a larger buffer",
    (_, parse, bytes, length, magic) => {
      expect(bytes.length).toBe(length);
      for (let cut = 0; cut < length; cut += 1) expect(parse(bytes.subarray(0, cut))).toBeUndefined();
      for (let at = 0; at < magic; at += 1) {
        const other = bytes.slice();
        other[at]! ^= 1;
        expect(parse(other)).toBeUndefined();
      }
      const larger = new Uint8Array(length + 7).fill(0xff);
      larger.set(bytes, 3);
      expect(parse(larger.subarray(3))).toEqual(parse(bytes));
    },
  );
});
