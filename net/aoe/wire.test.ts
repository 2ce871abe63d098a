import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { bytes, zeros } from "../ethernet/fixture.ts";
import { formatAoeAddress, parseAoeAddress } from "./address.ts";
import { parseAtaMessage, sectorsPerFrame, serializeAtaMessage } from "./ata-message.ts";
import { parseConfigMessage, serializeConfigMessage } from "./config-message.ts";
import { parseIdentity, serializeIdentity } from "./identify.ts";
import { parseMaskMessage, serializeMaskMessage } from "./mask-message.ts";
import { parseAoe, serializeAoe } from "./message.ts";
import { parseReserveMessage, serializeReserveMessage } from "./reserve-message.ts";

const octet = fc.integer({ min: 0, max: 0xff });
const u16 = fc.integer({ min: 0, max: 0xffff });
const u32 = fc.integer({ min: 0, max: 0xffffffff });
const mac = fc.integer({ min: 0, max: 0xffffffffffff });
const some = fc.uint8Array({ maxLength: 64, size: "max" });

/** The first read of the Linux driver: sectors 0 and 1 of e0.1. */
const read = bytes(
  "10", // version 1, no flags
  "00", // error
  "0000 01", // shelf, slot
  "00", // command: ATA
  "8c710002", // tag
  "40", // extended
  "00", // feature
  "02", // sectors
  "24", // READ SECTORS EXT
  "34 12 00 00 00 01", // LBA
  "00 00", // reserved
);

describe("an AoE message", () => {
  it("is read as the Linux driver sends it", () => {
    const message = parseAoe(read);
    expect(message).toMatchObject({
      kind: "aoe",
      version: 1,
      response: false,
      error: undefined,
      shelf: 0,
      slot: 1,
      command: 0,
      tag: 0x8c710002,
    });
    expect(parseAtaMessage(read.subarray(10))).toMatchObject({
      extended: true,
      device: false,
      asynchronous: false,
      write: false,
      sectors: 2,
      commandStatus: 0x24,
      lba: 0x010000001234,
      data: zeros(0),
    });
  });

  it("survives being written and read", () => {
    const message = fc.record({
      version: fc.integer({ min: 0, max: 15 }),
      response: fc.boolean(),
      error: fc.option(octet, { nil: undefined }),
      shelf: u16,
      slot: octet,
      command: octet,
      tag: u32,
      argument: some,
    });
    fc.assert(
      fc.property(message, (fields) => {
        expect(parseAoe(serializeAoe(fields))).toEqual({ kind: "aoe", ...fields });
      }),
    );
  });

  it("is refused when it is cut short", () => {
    for (let length = 0; length < 10; length++) {
      expect(parseAoe(read.subarray(0, length))).toEqual({ kind: "malformed", reason: "truncated" });
    }
  });
});

describe("the argument", () => {
  it("of an ATA command survives being written and read", () => {
    const message = fc.record({
      extended: fc.boolean(),
      device: fc.boolean(),
      asynchronous: fc.boolean(),
      write: fc.boolean(),
      errorFeature: octet,
      sectors: octet,
      commandStatus: octet,
      lba: fc.integer({ min: 0, max: 2 ** 48 - 1 }),
      data: some,
    });
    fc.assert(
      fc.property(message, (fields) => {
        expect(parseAtaMessage(serializeAtaMessage(fields))).toEqual({ kind: "ata", ...fields });
      }),
    );
  });

  it("of a config query survives being written and read, with padding or without", () => {
    const message = fc.record({
      bufferCount: u16,
      firmwareVersion: u16,
      sectorsPerCommand: octet,
      aoeVersion: fc.integer({ min: 0, max: 15 }),
      command: fc.integer({ min: 0, max: 15 }),
      text: fc.uint8Array({ maxLength: 1024, size: "max" }),
    });
    fc.assert(
      fc.property(message, fc.nat(40), (fields, padding) => {
        const argument = bytes(serializeConfigMessage(fields), zeros(padding));
        expect(parseConfigMessage(argument)).toEqual({ kind: "config", ...fields });
      }),
    );
  });

  it("of a config query is refused when its string is longer than it, or than 1024 bytes", () => {
    expect(parseConfigMessage(bytes("0000 0000 00 10 0003", "6162"))).toMatchObject({ reason: "truncated" });
    expect(parseConfigMessage(bytes("0000 0000 00 10 0401", zeros(2000)))).toMatchObject({
      reason: "bad-length",
    });
  });

  it("of a MAC mask list survives being written and read", () => {
    const directives = fc.array(fc.record({ command: octet, mac }), { maxLength: 255, size: "max" });
    fc.assert(
      fc.property(directives, octet, (list, command) => {
        const fields = { command, error: 0, directives: list, count: list.length };
        expect(parseMaskMessage(serializeMaskMessage(fields))).toEqual({ kind: "mask-list", ...fields });
      }),
    );
    const wrong = { command: 1, error: 3, directives: [], count: 7 };
    expect(parseMaskMessage(serializeMaskMessage(wrong))).toEqual({ kind: "mask-list", ...wrong });
  });

  it("of a reservation survives being written and read", () => {
    fc.assert(
      fc.property(octet, fc.array(mac, { maxLength: 255, size: "max" }), (command, macs) => {
        const fields = { command, macs };
        expect(parseReserveMessage(serializeReserveMessage(fields))).toEqual({ kind: "reserve", ...fields });
      }),
    );
  });

  it("is refused when it holds less than it claims, and is never thrown at", () => {
    for (const parse of [parseAtaMessage, parseConfigMessage, parseMaskMessage, parseReserveMessage]) {
      expect(parse(zeros(1))).toEqual({ kind: "malformed", reason: "truncated" });
      fc.assert(
        fc.property(some, (noise) => {
          expect(parse(noise).kind).toBeTypeOf("string");
        }),
      );
    }
    expect(parseMaskMessage(bytes("00 01 00 02", zeros(15)))).toMatchObject({ reason: "truncated" });
    expect(parseReserveMessage(bytes("01 02", zeros(11)))).toMatchObject({ reason: "truncated" });
  });
});

describe("the identity of a device", () => {
  const text = (length: number) =>
    fc.string({ unit: "grapheme-ascii", maxLength: length }).map((words) => words.trimEnd());

  it("survives being written and read", () => {
    const identity = fc.record({
      serial: text(20),
      firmware: text(8),
      model: text(40),
      sectors: fc.integer({ min: 0, max: 2 ** 48 - 1 }),
    });
    fc.assert(
      fc.property(identity, (fields) => {
        const sector = serializeIdentity(fields);
        expect(parseIdentity(sector)).toEqual(fields);
        expect(sector.reduce((sum, one) => sum + one, 0) % 256).toBe(0);
      }),
    );
  });

  it("says its size in 28 bits too, as far as they reach", () => {
    const size28 = (sectors: number) => {
      const sector = serializeIdentity({ serial: "", firmware: "", model: "", sectors });
      return sector[120]! + sector[121]! * 2 ** 8 + sector[122]! * 2 ** 16 + sector[123]! * 2 ** 24;
    };
    expect(size28(0x01234567)).toBe(0x01234567);
    expect(size28(0x10000000)).toBe(0x0fffffff);
  });

  it("cuts what is too long, and writes what is no ASCII as question marks", () => {
    const sector = serializeIdentity({ serial: "é".repeat(30), firmware: "1", model: "a\nb", sectors: 1 });
    expect(parseIdentity(sector)).toMatchObject({ serial: "?".repeat(20), model: "a?b" });
    expect(parseIdentity(sector.subarray(1))).toBeUndefined();
  });
});

describe("the address of a target", () => {
  it("is read as it is written", () => {
    fc.assert(
      fc.property(fc.nat(65534), fc.nat(254), (shelf, slot) => {
        expect(parseAoeAddress(formatAoeAddress({ shelf, slot }))).toEqual({ shelf, slot });
      }),
    );
  });

  it.each(["eth0", "e0", "0.1", "e0.255", "e65535.0", "e0.1p1", "E0.1", "e-1.1", "e0.1 ", ""])(
    "is not %j",
    (words) => {
      expect(parseAoeAddress(words)).toBeUndefined();
    },
  );
});

it("as many sectors go into a frame as its MTU has room for", () => {
  expect([576, 1500, 9000, 65000].map(sectorsPerFrame)).toEqual([1, 2, 17, 126]);
});
