import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  optionsLength,
  parseSegment,
  type SackBlock,
  serializeSegment,
  type TcpOptions,
  type TcpSegment,
} from "./wire.ts";

const KERNEL = 0x0a560064;
const OURS = 0x0a560001;

function octets(...hex: readonly string[]): Uint8Array {
  return Uint8Array.from(Buffer.from(hex.join("").replaceAll(" ", ""), "hex"));
}

/** What Linux 6.18 sends to open a connection. */
const LINUX_SYN = octets(
  "ded8 0007", // source port 57048, destination port 7
  "a7dd64b6", // sequence
  "00000000", // acknowledgment
  "a0 02", // data offset 10 words, SYN
  "faf0 a1d8 0000", // window 64240, checksum, urgent pointer
  "02 04 05b4", // MSS 1460
  "04 02", // SACK permitted
  "08 0a c32ee780 00000000", // timestamps
  "01", // no-operation
  "03 03 0a", // window scale 10
);

/** What it sends when segments before two others are missing. */
const LINUX_SACK = octets(
  "ded8 0007",
  "a7dd64bc",
  "bb53498a",
  "d0 10", // data offset 13 words, ACK
  "0048 6bba 0000",
  "01 01 08 0a c32ee789 e0a182f0",
  "01 01 05 12", // two blocks
  "bb5376ca bb53821a",
  "bb535a82 bb53602a",
);

const word = fc.integer({ min: 0, max: 0xffffffff });
const half = fc.integer({ min: 0, max: 0xffff });
const options: fc.Arbitrary<TcpOptions> = fc
  .record({
    maximumSegmentSize: fc.option(half, { nil: undefined }),
    windowScale: fc.option(fc.integer({ min: 0, max: 255 }), { nil: undefined }),
    sackPermitted: fc.boolean(),
    sackBlocks: fc.array(fc.record<SackBlock>({ start: word, end: word }), { maxLength: 4 }),
    timestamps: fc.option(fc.record({ value: word, echo: word }), { nil: undefined }),
  })
  .filter((each) => optionsLength(each) <= 40);
const segments: fc.Arbitrary<TcpSegment> = fc.record({
  kind: fc.constant("tcp" as const),
  sourcePort: half,
  destinationPort: half,
  sequence: word,
  acknowledgment: word,
  flags: fc.integer({ min: 0, max: 255 }),
  window: half,
  options,
  payload: fc.uint8Array({ maxLength: 300 }),
});

describe("parseSegment", () => {
  test("reads the SYN of a Linux kernel", () => {
    expect(parseSegment(LINUX_SYN, KERNEL, OURS)).toEqual({
      kind: "tcp",
      sourcePort: 57048,
      destinationPort: 7,
      sequence: 0xa7dd64b6,
      acknowledgment: 0,
      flags: 0x02,
      window: 64240,
      options: {
        maximumSegmentSize: 1460,
        windowScale: 10,
        sackPermitted: true,
        sackBlocks: [],
        timestamps: { value: 0xc32ee780, echo: 0 },
      },
      payload: new Uint8Array(0),
    });
  });

  test("reads the SACK blocks of a Linux kernel", () => {
    const segment = parseSegment(LINUX_SACK, KERNEL, OURS);
    expect(segment.kind === "tcp" && segment.options).toEqual({
      maximumSegmentSize: undefined,
      windowScale: undefined,
      sackPermitted: false,
      sackBlocks: [
        { start: 0xbb5376ca, end: 0xbb53821a },
        { start: 0xbb535a82, end: 0xbb53602a },
      ],
      timestamps: { value: 0xc32ee789, echo: 0xe0a182f0 },
    });
  });

  test("is the inverse of serializeSegment", () => {
    fc.assert(
      fc.property(segments, word, word, (segment, source, destination) => {
        expect(parseSegment(serializeSegment(segment, source, destination), source, destination)).toEqual(
          segment,
        );
      }),
    );
  });

  test("takes any bytes, and only whole segments as segments", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => {
        expect(parseSegment(bytes, KERNEL, OURS).kind).toMatch(/^(tcp|malformed)$/);
      }),
    );
  });

  test("takes any options behind a right checksum", () => {
    fc.assert(
      fc.property(segments, fc.uint8Array({ minLength: 40, maxLength: 40 }), (segment, noise) => {
        // 40 octets of payload become 40 octets of options by the data offset alone; the checksum is made to agree.
        const bytes = serializeSegment({ ...segment, options: { ...NONE }, payload: noise }, KERNEL, OURS);
        const before = bytes[12]!;
        bytes[12] = 15 << 4;
        const checksum = ((bytes[16]! << 8) | bytes[17]!) - ((bytes[12] - before) << 8);
        const folded = checksum < 0 ? checksum + 0xffff : checksum;
        bytes[16] = folded >>> 8;
        bytes[17] = folded;
        const parsed = parseSegment(bytes, KERNEL, OURS);
        expect(parsed.kind === "tcp" || parsed.reason === "bad-length").toBe(true);
      }),
    );
  });

  test("notices any single bit that was flipped", () => {
    fc.assert(
      fc.property(segments, fc.nat(), (segment, at) => {
        const bytes = serializeSegment(segment, KERNEL, OURS);
        const bit = at % (bytes.length * 8);
        bytes[bit >> 3]! ^= 1 << (bit & 7);
        expect(parseSegment(bytes, KERNEL, OURS).kind).toBe("malformed");
      }),
    );
  });

  test.each([
    ["cut short in the header", LINUX_SYN.subarray(0, 19), "truncated"],
    ["cut short in the options", LINUX_SYN.subarray(0, 39), "truncated"],
    ["with a wrong address in its pseudo-header", LINUX_SYN, "bad-checksum", OURS + 1],
  ])("refuses a segment %s", (_, bytes, reason, destination = OURS) => {
    expect(parseSegment(bytes, KERNEL, destination)).toEqual({ kind: "malformed", reason });
  });
});

const NONE: TcpOptions = {
  maximumSegmentSize: undefined,
  windowScale: undefined,
  sackPermitted: false,
  sackBlocks: [],
  timestamps: undefined,
};
