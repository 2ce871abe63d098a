import type { Disk } from "../disk.ts";

/*
 * An ext4 filesystem as mke2fs would make it with `-O ^resize_inode,^flex_bg,^64bit,^metadata_csum`: the least that overlayfs wants of
 * an upper layer (extended attributes, file types in directories, a journal), and no checksums, which cost an emulated processor
 * dear. The layout is that of the kernel's Documentation/filesystems/ext4; every number is little-endian but those of the journal.
 * Inode tables are zeros, of which a sparse disk keeps nothing.
 */

const BLOCK = 4096;
const BLOCKS_PER_GROUP = BLOCK * 8;
const GROUP_BYTES = BLOCK * BLOCKS_PER_GROUP;
const INODES_PER_GROUP = 8192;
const INODE = 256;
const TABLE_BLOCKS = (INODES_PER_GROUP * INODE) / BLOCK;
/** Descriptors of 32 bytes in one block. */
const MOST_GROUPS = 128;

const ROOT_INODE = 2;
const JOURNAL_INODE = 8;
const LOST_FOUND_INODE = 11;
const EXTENTS_FLAG = 0x80000;
const DIRECTORY = 0o040000;
const REGULAR = 0o100000;
const SECTOR = 512;

export interface FormatOptions {
  /** 16 bytes, drawn by lot. */
  readonly uuid: Uint8Array;
  /** Milliseconds since 1970. */
  readonly timeMs: number;
}

/** The sizes that can be formatted: multiples of this many bytes, two of them at the least. */
export const FORMAT_UNIT_BYTES = GROUP_BYTES;
export const MOST_FORMAT_BYTES = MOST_GROUPS * GROUP_BYTES;

/** Lays an empty filesystem over a disk that holds zeros. Throws a `DiskError` from the disk, a `RangeError` for its size. */
export function formatExt4(disk: Disk, options: FormatOptions): void {
  const layout = layoutOf(disk.sizeBytes);
  for (let group = 0; group < layout.groups; group += 1) {
    disk.write(layout.bitmapAt(group) * BLOCK, blockBitmap(layout, group));
    disk.write((layout.bitmapAt(group) + 1) * BLOCK, inodeBitmap(group));
  }
  const seconds = Math.floor(options.timeMs / 1000);
  const inode = (number: number, content: Uint8Array) =>
    disk.write((layout.bitmapAt(0) + 2) * BLOCK + (number - 1) * INODE, content);
  const { rootBlock, lostFoundBlock, journalBlock, journalBlocks } = layout;
  const directory = { mode: DIRECTORY, blocks: 1, seconds };
  inode(ROOT_INODE, inodeOf({ ...directory, permissions: 0o755, links: 3, from: rootBlock }));
  inode(LOST_FOUND_INODE, inodeOf({ ...directory, permissions: 0o700, links: 2, from: lostFoundBlock }));
  const journal = inodeOf({
    mode: REGULAR,
    permissions: 0o600,
    links: 1,
    from: journalBlock,
    blocks: journalBlocks,
    seconds,
  });
  inode(JOURNAL_INODE, journal);
  disk.write(rootBlock * BLOCK, directoryOf(ROOT_INODE, [["lost+found", LOST_FOUND_INODE]]));
  disk.write(lostFoundBlock * BLOCK, directoryOf(LOST_FOUND_INODE, []));
  disk.write(journalBlock * BLOCK, journalSuperblock(journalBlocks, options.uuid));

  const descriptors = groupDescriptors(layout);
  const superblock = superblockOf(layout, options.uuid, seconds, journal);
  for (let group = layout.groups - 1; group >= 0; group -= 1) {
    if (!hasSuperblock(group)) continue;
    const first = group * BLOCKS_PER_GROUP * BLOCK;
    new DataView(superblock.buffer).setUint16(0x5a, group, true);
    disk.write(first + BLOCK, descriptors);
    // The first one leaves room for a boot sector before it.
    disk.write(group === 0 ? 1024 : first, superblock);
  }
}

interface Layout {
  readonly groups: number;
  readonly blocks: number;
  readonly journalBlocks: number;
  readonly rootBlock: number;
  readonly lostFoundBlock: number;
  readonly journalBlock: number;
  /** The block bitmap of a group; the inode bitmap and the inode table follow. */
  bitmapAt(group: number): number;
  /** Blocks in use at the start of a group. */
  usedIn(group: number): number;
}

function layoutOf(sizeBytes: number): Layout {
  const groups = sizeBytes / GROUP_BYTES;
  if (!Number.isInteger(groups) || groups < 2 || groups > MOST_GROUPS)
    throw new RangeError(`no filesystem of ${sizeBytes} bytes`);
  const bitmapAt = (group: number) => group * BLOCKS_PER_GROUP + (hasSuperblock(group) ? 2 : 0);
  const overhead = (group: number) => bitmapAt(group) - group * BLOCKS_PER_GROUP + 2 + TABLE_BLOCKS;
  const rootBlock = overhead(0);
  const journalBlocks = groups < 4 ? 2048 : 4096;
  return {
    groups,
    blocks: groups * BLOCKS_PER_GROUP,
    journalBlocks,
    rootBlock,
    lostFoundBlock: rootBlock + 1,
    journalBlock: rootBlock + 2,
    bitmapAt,
    usedIn: (group) => overhead(group) + (group === 0 ? 2 + journalBlocks : 0),
  };
}

/** Groups 0 and 1 and powers of 3, 5 and 7 (the feature `sparse_super`). */
function hasSuperblock(group: number): boolean {
  if (group <= 1) return true;
  return [3, 5, 7].some((base) => {
    let power = base;
    while (power < group) power *= base;
    return power === group;
  });
}

function fillBits(bytes: Uint8Array, from: number, to: number): void {
  for (let bit = from; bit < to; bit += 1) bytes[bit >> 3]! |= 1 << (bit & 7);
}

function blockBitmap(layout: Layout, group: number): Uint8Array {
  const bitmap = new Uint8Array(BLOCK);
  fillBits(bitmap, 0, layout.usedIn(group));
  return bitmap;
}

function inodeBitmap(group: number): Uint8Array {
  const bitmap = new Uint8Array(BLOCK);
  if (group === 0) fillBits(bitmap, 0, LOST_FOUND_INODE);
  fillBits(bitmap, INODES_PER_GROUP, BLOCK * 8);
  return bitmap;
}

interface InodeFields {
  readonly mode: number;
  readonly permissions: number;
  readonly links: number;
  /** One extent of so many blocks. */
  readonly from: number;
  readonly blocks: number;
  readonly seconds: number;
}

function inodeOf({ mode, permissions, links, from, blocks, seconds }: InodeFields): Uint8Array {
  const inode = new Uint8Array(INODE);
  const view = new DataView(inode.buffer);
  view.setUint16(0x00, mode | permissions, true);
  view.setUint32(0x04, blocks * BLOCK, true);
  for (const time of [0x08, 0x0c, 0x10, 0x90]) view.setUint32(time, seconds, true);
  view.setUint16(0x1a, links, true);
  view.setUint32(0x1c, (blocks * BLOCK) / SECTOR, true);
  view.setUint32(0x20, EXTENTS_FLAG, true);
  // The extent tree: a header for up to four entries, and one of them.
  view.setUint16(0x28, 0xf30a, true);
  view.setUint16(0x2a, 1, true);
  view.setUint16(0x2c, 4, true);
  view.setUint16(0x38, blocks, true);
  view.setUint32(0x3c, from, true);
  view.setUint16(0x80, 32, true);
  return inode;
}

function directoryOf(self: number, names: readonly (readonly [name: string, inode: number])[]): Uint8Array {
  const block = new Uint8Array(BLOCK);
  const view = new DataView(block.buffer);
  const entries = [[".", self], ["..", ROOT_INODE], ...names] as const;
  let at = 0;
  for (const [index, [name, inode]] of entries.entries()) {
    const bytes = new TextEncoder().encode(name);
    const length = index === entries.length - 1 ? BLOCK - at : 8 + Math.ceil(bytes.length / 4) * 4;
    view.setUint32(at, inode, true);
    view.setUint16(at + 4, length, true);
    view.setUint8(at + 6, bytes.length);
    view.setUint8(at + 7, 2);
    block.set(bytes, at + 8);
    at += length;
  }
  return block;
}

/** An empty journal (jbd2, version 2), big-endian. */
function journalSuperblock(blocks: number, uuid: Uint8Array): Uint8Array {
  const block = new Uint8Array(BLOCK);
  const view = new DataView(block.buffer);
  view.setUint32(0x00, 0xc03b3998);
  view.setUint32(0x04, 4);
  view.setUint32(0x0c, BLOCK);
  view.setUint32(0x10, blocks);
  view.setUint32(0x14, 1);
  view.setUint32(0x18, 1);
  block.set(uuid, 0x30);
  view.setUint32(0x40, 1);
  return block;
}

function groupDescriptors(layout: Layout): Uint8Array {
  const block = new Uint8Array(BLOCK);
  const view = new DataView(block.buffer);
  for (let group = 0; group < layout.groups; group += 1) {
    const at = group * 32;
    const bitmap = layout.bitmapAt(group);
    view.setUint32(at, bitmap, true);
    view.setUint32(at + 4, bitmap + 1, true);
    view.setUint32(at + 8, bitmap + 2, true);
    view.setUint16(at + 12, BLOCKS_PER_GROUP - layout.usedIn(group), true);
    view.setUint16(at + 14, INODES_PER_GROUP - (group === 0 ? LOST_FOUND_INODE : 0), true);
    view.setUint16(at + 16, group === 0 ? 2 : 0, true);
  }
  return block;
}

/** has_journal, ext_attr, dir_index. */
const COMPATIBLE = 0x4 | 0x8 | 0x20;
/** filetype, extent. */
const INCOMPATIBLE = 0x2 | 0x40;
/** sparse_super, large_file, huge_file, dir_nlink, extra_isize. */
const READ_ONLY_COMPATIBLE = 0x1 | 0x2 | 0x8 | 0x20 | 0x40;

function superblockOf(
  layout: Layout,
  uuid: Uint8Array,
  seconds: number,
  journal: Uint8Array,
): Uint8Array<ArrayBuffer> {
  const superblock = new Uint8Array(1024);
  const view = new DataView(superblock.buffer);
  const words: readonly (readonly [at: number, value: number])[] = [
    [0x00, layout.groups * INODES_PER_GROUP],
    [0x04, layout.blocks],
    [0x08, Math.floor(layout.blocks / 20)],
    [0x0c, layout.blocks - sum(layout.groups, (group) => layout.usedIn(group))],
    [0x10, layout.groups * INODES_PER_GROUP - LOST_FOUND_INODE],
    // Block and cluster size: 1024 shifted by this.
    [0x18, 2],
    [0x1c, 2],
    [0x20, BLOCKS_PER_GROUP],
    [0x24, BLOCKS_PER_GROUP],
    [0x28, INODES_PER_GROUP],
    [0x30, seconds],
    [0x40, seconds],
    [0x4c, 1],
    [0x54, LOST_FOUND_INODE],
    [0x5c, COMPATIBLE],
    [0x60, INCOMPATIBLE],
    [0x64, READ_ONLY_COMPATIBLE],
    [0xe0, JOURNAL_INODE],
    // Mounted with user_xattr and acl.
    [0x100, 0x0c],
    [0x108, seconds],
    // Directory hashes are of signed characters.
    [0x160, 1],
  ];
  for (const [at, value] of words) view.setUint32(at, value, true);
  const halves: readonly (readonly [at: number, value: number])[] = [
    [0x36, 0xffff],
    [0x38, 0xef53],
    [0x3a, 1],
    [0x3c, 1],
    [0x58, INODE],
    [0x15c, 32],
    [0x15e, 32],
  ];
  for (const [at, value] of halves) view.setUint16(at, value, true);
  superblock.set(uuid, 0x68);
  superblock.set(new TextEncoder().encode("netroot"), 0x78);
  // The seed of directory hashes (half MD4), and a copy of where the journal is.
  superblock.set(uuid, 0xec);
  superblock[0xfc] = 1;
  superblock[0xfd] = 1;
  superblock.set(journal.subarray(0x28, 0x64), 0x10c);
  superblock.set(journal.subarray(0x04, 0x08), 0x10c + 16 * 4);
  return superblock;
}

function sum(count: number, value: (index: number) => number): number {
  return Array.from({ length: count }, (_, index) => value(index)).reduce((a, b) => a + b, 0);
}
