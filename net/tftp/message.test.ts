import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { bytes } from "../ethernet/fixture.ts";
import { parseTftp, serializeTftp, type TftpMessage } from "./message.ts";

const number = fc.integer({ min: 0, max: 0xffff });
const text = fc
  .string({ unit: "binary", maxLength: 20 })
  .map((each) => each.replaceAll("\0", "").replace(/\p{Surrogate}/gu, ""));
const name = text.filter((each) => each !== "");
const options = fc.array(fc.tuple(name, text), { maxLength: 4 });
const message: fc.Arbitrary<TftpMessage> = fc.oneof(
  fc.record({
    kind: fc.constant("request" as const),
    operation: fc.constantFrom("read" as const, "write" as const),
    path: text,
    mode: text,
    options,
  }),
  fc.record({ kind: fc.constant("data" as const), block: number, bytes: fc.uint8Array({ maxLength: 600 }) }),
  fc.record({ kind: fc.constant("ack" as const), block: number }),
  fc.record({ kind: fc.constant("error" as const), code: number, message: text }),
  fc.record({ kind: fc.constant("option-ack" as const), options }),
);

describe("a TFTP packet", () => {
  it("survives being written and read", () => {
    fc.assert(
      fc.property(message, (sent) => {
        expect(parseTftp(serializeTftp(sent))).toEqual(sent);
      }),
    );
  });

  it("is read as iPXE sends it", () => {
    const request = bytes(
      "00 01",
      "70 78 65 6c 69 6e 75 78 2e 30 00", // pxelinux.0
      "6f 63 74 65 74 00", // octet
      "62 6c 6b 73 69 7a 65 00 31 34 33 32 00", // blksize 1432
      "74 73 69 7a 65 00 30 00", // tsize 0
    );
    const read = parseTftp(request);
    expect(read).toEqual({
      kind: "request",
      operation: "read",
      path: "pxelinux.0",
      mode: "octet",
      options: [
        ["blksize", "1432"],
        ["tsize", "0"],
      ],
    });
    expect(serializeTftp(read as TftpMessage)).toEqual(request);
    // Some ROMs send a packet of a fixed size.
    expect(parseTftp(bytes(request, "00 00 00"))).toEqual(read);
  });

  it("is refused when it is cut, whatever it is", () => {
    fc.assert(
      fc.property(message, fc.nat(), (sent, at) => {
        const whole = serializeTftp(sent);
        const cut = parseTftp(whole.subarray(0, at % whole.length));
        // What is cut may be the bytes of a block, an error's words, or whole options.
        if (sent.kind === "ack") expect(cut.kind).toBe("malformed");
        else expect(["malformed", sent.kind]).toContain(cut.kind);
      }),
    );
  });

  it("is a message or malformed, whatever the bytes are", () => {
    const opcode = fc.integer({ min: 0, max: 7 });
    fc.assert(
      fc.property(opcode, fc.uint8Array({ maxLength: 40 }), (code, rest) => {
        const read = parseTftp(Uint8Array.from([0, code, ...rest]));
        if (code === 0 || code === 7) expect(read).toEqual({ kind: "malformed", reason: "unsupported" });
        else if (read.kind !== "malformed") expect(parseTftp(serializeTftp(read))).toEqual(read);
      }),
    );
  });

  it.each([
    ["00"],
    ["00 03 00"],
    ["00 04 01"],
    ["00 05 00"],
    ["00 01 61"],
    ["00 01 61 00 62"],
    ["00 01 61 00 62 00 63 00"],
  ])("%s is too short", (hex) => {
    expect(parseTftp(bytes(hex))).toEqual({ kind: "malformed", reason: "truncated" });
  });
});
