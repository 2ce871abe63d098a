import fc from "fast-check";
import { expect, test } from "vitest";
import { parseSuperblock, SUPERBLOCK_BYTES, squashfsParts } from "./superblock.ts";

/** As mksquashfs writes one without fragments: their table is "not there". */
function superblock(): Uint8Array {
  const bytes = new Uint8Array(SUPERBLOCK_BYTES);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, 0x73717368, true);
  view.setUint32(12, 131_072, true); // block size
  view.setUint16(28, 4, true); // version 4.0
  view.setBigUint64(40, 9000n, true); // bytes used
  view.setBigUint64(48, 8900n, true); // id table
  view.setBigUint64(64, 5000n, true); // inode table
  view.setBigUint64(72, 7000n, true); // directory table
  view.setBigUint64(80, 0xffffffffffffffffn, true); // fragment table
  return bytes;
}

test("the parts of an image are told apart by where they begin", () => {
  const parsed = parseSuperblock(superblock());
  expect(parsed).toEqual({
    kind: "squashfs",
    inodeTable: 5000,
    directoryTable: 7000,
    lookupTables: 8900,
    bytesUsed: 9000,
  });
  if (parsed.kind !== "squashfs") return;
  const at = (offset: number) => squashfsParts(parsed, offset, offset + 1);
  expect([0, 95, 96, 4999, 5000, 7000, 8900, 9000].flatMap(at)).toEqual([
    "superblock",
    "superblock",
    "files' contents",
    "files' contents",
    "inode table",
    "directory table",
    "lookup tables",
    "padding",
  ]);
  expect(squashfsParts(parsed, 6999, 8901)).toEqual(["inode table", "directory table", "lookup tables"]);
});

test("any other bytes are none, whatever they are", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 120 }), (bytes) => parseSuperblock(bytes).kind === "malformed"),
  );
  for (let length = 0; length < SUPERBLOCK_BYTES; length += 1)
    expect(parseSuperblock(superblock().subarray(0, length))).toMatchObject({ reason: "truncated" });
});

test("tables in an order that cannot be are refused", () => {
  const bytes = superblock();
  new DataView(bytes.buffer).setBigUint64(72, 100n, true);
  expect(parseSuperblock(bytes)).toMatchObject({ reason: "bad-value" });
});
