import { describe, expect, it } from "vitest";
import type { TftpOption } from "./message.ts";
import { agree, parseMode } from "./terms.ts";

const file = { mode: "octet", sizeBytes: 70_000 } as const;

describe("the options of a request", () => {
  it.each<[string, TftpOption[], TftpOption[]]>([
    ["none", [], []],
    ["a block size", [["blksize", "1432"]], [["blksize", "1432"]]],
    ["the smallest", [["blksize", "8"]], [["blksize", "8"]]],
    ["the largest", [["BlkSize", "65464"]], [["blksize", "65464"]]],
    ["one above it", [["blksize", "65535"]], [["blksize", "65464"]]],
    ["a block that is too small", [["blksize", "7"]], []],
    ["a block that is none", [["blksize", "1e3"]], []],
    ["a block above 16 bits", [["blksize", "65536"]], []],
    ["a size", [["tsize", "0"]], [["tsize", "70000"]]],
    ["a time", [["timeout", "255"]], [["timeout", "255"]]],
    ["a time that is too long", [["timeout", "256"]], []],
    ["no time", [["timeout", "0"]], []],
    ["a window", [["windowsize", "16"]], [["windowsize", "16"]]],
    ["a window that is too large", [["windowsize", "65535"]], [["windowsize", "256"]]],
    ["no window", [["windowsize", "0"]], []],
    [
      "unknown ones",
      [
        ["multicast", ""],
        ["x", "1"],
      ],
      [],
    ],
    [
      "one twice",
      [
        ["blksize", "600"],
        ["BLKSIZE", "700"],
      ],
      [["blksize", "600"]],
    ],
    [
      "all",
      [
        ["windowsize", "100"],
        ["timeout", "3"],
        ["tsize", "0"],
        ["blksize", "8192"],
      ],
      [
        ["blksize", "8192"],
        ["timeout", "3"],
        ["tsize", "70000"],
        ["windowsize", "32"],
      ],
    ],
  ])("%s", (_, asked, accepted) => {
    expect(agree(asked, file).accepted).toEqual(accepted);
  });

  it("decide how the file is sent", () => {
    expect(agree([], file)).toMatchObject({ blockBytes: 512, windowBlocks: 1, timeoutMs: undefined });
    const asked: TftpOption[] = [
      ["timeout", "2"],
      ["windowsize", "4"],
      ["blksize", "1024"],
    ];
    expect(agree(asked, file)).toMatchObject({ blockBytes: 1024, windowBlocks: 4, timeoutMs: 2000 });
  });

  it("tell no size in netascii: it is not known before the end", () => {
    expect(agree([["tsize", "0"]], { ...file, mode: "netascii" }).accepted).toEqual([]);
  });
});

describe("the mode", () => {
  it("is known in any case, and nothing else is", () => {
    expect(["OCTET", "NetAscii", "mail", ""].map(parseMode)).toEqual([
      "octet",
      "netascii",
      undefined,
      undefined,
    ]);
  });
});
