// The first 96 bytes of a squashfs 4.0 image, little-endian ("Squashfs Binary Format", section "The Superblock").
import { type Malformed, malformed } from "../ethernet/malformed.ts";

const MAGIC = 0x73717368; // "hsqs"
const VERSION_MAJOR = 28;
const BYTES_USED = 40;
const ID_TABLE = 48;
const INODE_TABLE = 64;
const DIRECTORY_TABLE = 72;
const FRAGMENT_TABLE = 80;
export const SUPERBLOCK_BYTES = 96;

/** Where the parts of an image begin, in bytes. They lie in this order. */
export interface Superblock {
  readonly kind: "squashfs";
  /** Files' contents lie between the superblock and it. */
  readonly inodeTable: number;
  readonly directoryTable: number;
  /** Of the tables that point to fragments, to user numbers and the like; `bytesUsed` where there is none. */
  readonly lookupTables: number;
  readonly bytesUsed: number;
}

export function parseSuperblock(bytes: Uint8Array): Superblock | Malformed {
  if (bytes.length < SUPERBLOCK_BYTES) return malformed("truncated");
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (view.getUint32(0, true) !== MAGIC) return malformed("unsupported");
  if (view.getUint16(VERSION_MAJOR, true) !== 4) return malformed("bad-version");
  const at = (offset: number) => Number(view.getBigUint64(offset, true));
  const bytesUsed = at(BYTES_USED);
  const inodeTable = at(INODE_TABLE);
  const directoryTable = at(DIRECTORY_TABLE);
  // A table that is not there is said to be at the largest number that fits.
  const lookupTables = Math.min(at(FRAGMENT_TABLE), at(ID_TABLE), bytesUsed);
  if (inodeTable < SUPERBLOCK_BYTES || directoryTable < inodeTable || lookupTables < directoryTable)
    return malformed("bad-value");
  return { kind: "squashfs", inodeTable, directoryTable, lookupTables, bytesUsed };
}

/** What the bytes from `start` up to, without, `end` belong to, in words; in the order in which they lie. */
export function squashfsParts(superblock: Superblock, start: number, end: number): readonly string[] {
  const { inodeTable, directoryTable, lookupTables, bytesUsed } = superblock;
  const parts: readonly (readonly [from: number, name: string])[] = [
    [0, "superblock"],
    [SUPERBLOCK_BYTES, "files' contents"],
    [inodeTable, "inode table"],
    [directoryTable, "directory table"],
    [lookupTables, "lookup tables"],
    [bytesUsed, "padding"],
  ];
  return parts
    .filter(([from], index) => from < end && (parts[index + 1]?.[0] ?? Number.POSITIVE_INFINITY) > start)
    .map(([, name]) => name);
}
