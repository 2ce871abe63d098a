import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { bytes } from "../ethernet/fixture.ts";
import { addressData, dnsClass, dnsType, parseDns, serializeDns } from "./message.ts";

/** `dig boot.netroot.test`, bind9-dnsutils 9.18. */
const query = bytes(
  "dc 8f", // id
  "01 20", // flags: recursion desired, authentic data
  "00 01", // questions
  "00 00", // answers
  "00 00", // authorities
  "00 01", // additionals
  "04 62 6f 6f 74", // boot
  "07 6e 65 74 72 6f 6f 74", // netroot
  "04 74 65 73 74", // test
  "00", // root
  "00 01", // type: A
  "00 01", // class: IN
  "00", // root
  "00 29", // type: OPT
  "04 d0", // class: takes 1232 bytes
  "00 00 00 00", // extended flags
  "00 0c", // data length
  "00 0a 00 08 99 9d 9b 62 bb 64 b7 d9", // option: cookie
);

const u16 = fc.integer({ min: 0, max: 0xffff });
const u32 = fc.integer({ min: 0, max: 0xffffffff });
const label = fc.stringMatching(/^[A-Za-z0-9_-]{1,20}$/);
const name = fc.array(label, { maxLength: 5, size: "max" }).map((labels) => labels.join("."));
const record = fc.record({
  name,
  type: u16,
  class: u16,
  timeToLive: u32,
  data: fc.uint8Array({ maxLength: 40, size: "max" }),
});
const anyMessage = fc.record({
  id: u16,
  response: fc.boolean(),
  opcode: fc.nat(15),
  authoritative: fc.boolean(),
  truncated: fc.boolean(),
  recursionDesired: fc.boolean(),
  recursionAvailable: fc.boolean(),
  responseCode: fc.nat(15),
  questions: fc.array(fc.record({ name, type: u16, class: u16 }), { maxLength: 3, size: "max" }),
  answers: fc.array(record, { maxLength: 3, size: "max" }),
  authorities: fc.array(record, { maxLength: 2, size: "max" }),
  additionals: fc.array(record, { maxLength: 2, size: "max" }),
});

describe("a DNS message", () => {
  it("is read as dig sends it", () => {
    expect(parseDns(query)).toEqual({
      kind: "dns",
      id: 0xdc8f,
      response: false,
      opcode: 0,
      authoritative: false,
      truncated: false,
      recursionDesired: true,
      recursionAvailable: false,
      responseCode: 0,
      questions: [{ name: "boot.netroot.test", type: dnsType.a, class: dnsClass.internet }],
      answers: [],
      authorities: [],
      additionals: [
        {
          name: "",
          type: dnsType.opt,
          class: 1232,
          timeToLive: 0,
          data: bytes("00 0a 00 08 99 9d 9b 62 bb 64 b7 d9"),
        },
      ],
    });
  });

  it("points back to a name, or the end of one, that was written before", () => {
    const answer = { type: 1, class: 1, timeToLive: 60, data: addressData(0x0a560001) };
    const written = serializeDns({
      id: 0xdc8f,
      response: true,
      opcode: 0,
      authoritative: true,
      truncated: false,
      recursionDesired: true,
      recursionAvailable: true,
      responseCode: 0,
      questions: [{ name: "boot.test", type: 1, class: 1 }],
      answers: [
        { name: "boot.test", ...answer },
        { name: "a.test", ...answer },
      ],
      authorities: [],
      additionals: [],
    });
    const fixed = bytes("00 01", "00 01", "00 00 00 3c", "00 04", "0a 56 00 01");
    const expected = bytes(
      "dc 8f", // id
      "85 80", // flags: response, authoritative, recursion desired and available
      "00 01 00 02 00 00 00 00", // how many of each section
      "04 62 6f 6f 74 04 74 65 73 74 00", // boot.test
      "00 01 00 01", // A, IN
      "c0 0c", // pointer to boot.test
      fixed,
      "01 61", // a
      "c0 11", // pointer to test
      fixed,
    );
    expect(written).toEqual(expected);
  });

  it("points to no name that lies further back than a pointer reaches", () => {
    const record = { type: 1, class: 1, timeToLive: 0 };
    const message = {
      id: 0,
      response: true,
      opcode: 0,
      authoritative: false,
      truncated: false,
      recursionDesired: false,
      recursionAvailable: false,
      responseCode: 0,
      questions: [],
      answers: [
        { name: "", ...record, data: new Uint8Array(0x4000) },
        { name: "far.test", ...record, data: bytes("01") },
        { name: "far.test", ...record, data: bytes("02") },
      ],
      authorities: [],
      additionals: [],
    };
    expect(parseDns(serializeDns(message))).toEqual({ kind: "dns", ...message });
  });

  it("survives being written and read", () => {
    fc.assert(
      fc.property(anyMessage, (message) => {
        expect(parseDns(serializeDns(message))).toEqual({ kind: "dns", ...message });
      }),
    );
  });

  it("is refused when it is cut short, at any place", () => {
    for (let length = 0; length < query.length; length++) {
      expect(parseDns(query.subarray(0, length)).kind, `${length} bytes`).toBe("malformed");
    }
  });

  it("is a value and no exception, whatever the bytes are", () => {
    const count = fc.nat(4);
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 200, size: "max" }),
        count,
        count,
        (noise, questions, answers) => {
          const header = Uint8Array.of(0, 0, 0, 0, 0, questions, 0, answers, 0, 0, 0, 0);
          expect(["dns", "malformed"]).toContain(parseDns(bytes(header, noise)).kind);
        },
      ),
      { numRuns: 1000 },
    );
  });
});
