import xzDecompress from "xz-decompress";
import { crc32 } from "./crc32.ts";
import { undoX86Filter } from "./x86-filter.ts";

/**
 * Decompresses what the kernel's build makes of a kernel for x86: one stream of one block, with the x86 filter before LZMA2
 * and a CRC-32 (scripts/xz_wrap.sh of the kernel's sources). Nothing for anything else, or where it is damaged.
 *
 * The library knows LZMA2 and no filters: it is given the same data in a container that promises no filter and no check, and
 * both are done here. Layout: The .xz File Format 1.2.1.
 */
export async function decompressXz(file: Uint8Array): Promise<Uint8Array<ArrayBuffer> | undefined> {
  const block = parseXz(file);
  if (block === undefined) return undefined;
  try {
    const bytes = await inflate(wrapLzma2(block));
    if (bytes.length !== block.sizeBytes) return undefined;
    undoX86Filter(bytes);
    return crc32(bytes) === block.checksum ? bytes : undefined;
  } catch {
    return undefined;
  }
}

interface XzBlock {
  readonly data: Uint8Array;
  /** The LZMA2 filter's property byte. */
  readonly dictionary: number;
  /** Uncompressed. */
  readonly sizeBytes: number;
  /** CRC-32 over the uncompressed bytes. */
  readonly checksum: number;
}

const MAGIC = [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00] as const;
const FOOTER_MAGIC = [0x59, 0x5a] as const;
const HEADER_BYTES = 12;
const FOOTER_BYTES = 12;
const CHECK_NONE = 0;
const CHECK_CRC32 = 1;
const CHECK_BYTES = 4;
const FILTER_X86 = 0x04;
const FILTER_LZMA2 = 0x21;

function parseXz(file: Uint8Array): XzBlock | undefined {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const footer = file.length - FOOTER_BYTES;
  if (footer < HEADER_BYTES + HEADER_BYTES || MAGIC.some((byte, at) => file[at] !== byte)) return undefined;
  if (FOOTER_MAGIC.some((byte, at) => file[footer + 10 + at] !== byte)) return undefined;
  if (file[7] !== CHECK_CRC32 || file[footer + 9] !== CHECK_CRC32) return undefined;

  const headerBytes = (file[HEADER_BYTES]! + 1) * 4;
  // Two filters, and no sizes: the index has them.
  const filters = file.subarray(HEADER_BYTES + 1, HEADER_BYTES + headerBytes);
  const [flags, first, firstProperties, second, secondProperties, dictionary = 0] = filters;
  if (flags !== 1 || first !== FILTER_X86 || firstProperties !== 0) return undefined;
  if (second !== FILTER_LZMA2 || secondProperties !== 1) return undefined;

  const index = footer - (view.getUint32(footer + 4, true) + 1) * 4;
  if (index < HEADER_BYTES + headerBytes || file[index] !== 0 || file[index + 1] !== 1) return undefined;
  const unpadded = readInteger(file, index + 2);
  const size = unpadded && readInteger(file, unpadded.next);
  if (!size) return undefined;
  const start = HEADER_BYTES + headerBytes;
  const end = HEADER_BYTES + unpadded.value - CHECK_BYTES;
  const check = end + ((4 - (end % 4)) % 4);
  if (end <= start || check + CHECK_BYTES !== index) return undefined;
  return {
    data: file.subarray(start, end),
    dictionary,
    sizeBytes: size.value,
    checksum: view.getUint32(check, true),
  };
}

/** A file of one block with LZMA2 alone, and no check. */
function wrapLzma2({ data, dictionary, sizeBytes }: XzBlock): Uint8Array<ArrayBuffer> {
  const flags = Uint8Array.of(0, CHECK_NONE);
  const header = withCrc([2, 0, FILTER_LZMA2, 1, dictionary, 0, 0, 0]);
  const padding = new Uint8Array((4 - (data.length % 4)) % 4);
  const records = [0, 1, ...integer(header.length + data.length), ...integer(sizeBytes)];
  while (records.length % 4 !== 0) records.push(0);
  const index = withCrc(records);
  const backward = new Uint8Array(6);
  new DataView(backward.buffer).setUint32(0, index.length / 4 - 1, true);
  backward.set(flags, 4);
  const parts = [
    Uint8Array.from(MAGIC),
    flags,
    u32(crc32(flags)),
    header,
    data,
    padding,
    index,
    u32(crc32(backward)),
    backward,
    Uint8Array.from(FOOTER_MAGIC),
  ];
  const file = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    file.set(part, at);
    at += part.length;
  }
  return file;
}

async function inflate(file: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>> {
  const stream = new xzDecompress.XzReadableStream(new Blob([file]).stream());
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

/** Section 1.2: seven bits a byte, the lowest first. Four bytes are more than any kernel's length needs. */
function readInteger(bytes: Uint8Array, from: number): { value: number; next: number } | undefined {
  let value = 0;
  for (let at = 0; at < 4; at++) {
    const byte = bytes[from + at] ?? 0;
    value |= (byte & 0x7f) << (7 * at);
    if (byte < 0x80) return { value, next: from + at + 1 };
  }
  return undefined;
}

function integer(value: number): number[] {
  return value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...integer(value >>> 7)];
}

function withCrc(bytes: readonly number[]): Uint8Array {
  const content = Uint8Array.from(bytes);
  return Uint8Array.of(...content, ...u32(crc32(content)));
}

function u32(value: number): Uint8Array {
  return Uint8Array.of(value, value >>> 8, value >>> 16, value >>> 24);
}
