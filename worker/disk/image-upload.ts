import { type Disk, DiskError } from "./disk.ts";
import { CLUSTER_BYTES } from "./sparse-disk.ts";

/** Bytes of an image that are enough to know what it is. */
const HEAD_BYTES = 4096;
const GZIP = [0x1f, 0x8b];
const EXT_MAGIC = 0xef53;

/**
 * Reads an image, as it is or packed with gzip, into a disk that `make` makes of the size that its filesystem has. Rejects with a
 * `DiskError` ("damaged") where it is no ext2, ext3 or ext4 filesystem or not all of one; what was made by then is the caller's to
 * throw away.
 */
export async function uploadImage(file: Blob, make: (sizeBytes: number) => Disk): Promise<void> {
  const head = new Uint8Array(await file.slice(0, GZIP.length).arrayBuffer());
  const packed = GZIP.every((byte, index) => head[index] === byte);
  const reader = (
    packed ? file.stream().pipeThrough(new DecompressionStream("gzip")) : file.stream()
  ).getReader();
  const next = async () => {
    try {
      return (await reader.read()).value;
    } catch (cause) {
      throw notAnImage("the packed file breaks off or is damaged", cause);
    }
  };
  try {
    const first = await gather(next);
    const sizeBytes = filesystemBytes(first);
    const disk = make(Math.ceil(sizeBytes / CLUSTER_BYTES) * CLUSTER_BYTES);
    let at = 0;
    for (let piece: Uint8Array | undefined = first; piece !== undefined; piece = await next()) {
      if (at + piece.length > disk.sizeBytes) throw notAnImage("it goes on behind the end of its filesystem");
      disk.write(at, piece);
      at += piece.length;
    }
    if (at < sizeBytes)
      throw notAnImage(`it breaks off after ${at} of the ${sizeBytes} bytes of its filesystem`);
    disk.flush();
  } finally {
    await reader.cancel().catch(() => {});
  }
}

async function gather(next: () => Promise<Uint8Array | undefined>): Promise<Uint8Array> {
  let bytes = new Uint8Array(0);
  while (bytes.length < HEAD_BYTES) {
    const piece = await next();
    if (piece === undefined) break;
    const longer = new Uint8Array(bytes.length + piece.length);
    longer.set(bytes);
    longer.set(piece, bytes.length);
    bytes = longer;
  }
  return bytes;
}

/** Of the superblock at 1024: s_magic, s_blocks_count and s_log_block_size. */
function filesystemBytes(head: Uint8Array): number {
  const view = new DataView(head.buffer, head.byteOffset, head.byteLength);
  if (head.length < HEAD_BYTES || view.getUint16(1024 + 0x38, true) !== EXT_MAGIC)
    throw notAnImage("it holds no ext4 filesystem at its beginning");
  const blocks = view.getUint32(1024 + 0x04, true) + view.getUint32(1024 + 0x150, true) * 2 ** 32;
  const sizeBytes = blocks * 2 ** (10 + view.getUint32(1024 + 0x18, true));
  if (!(sizeBytes >= CLUSTER_BYTES && sizeBytes <= 64 * 1024 ** 3))
    throw notAnImage("its filesystem is smaller or larger than a disk here can be (64 GiB)");
  return sizeBytes;
}

function notAnImage(why: string, cause?: unknown): DiskError {
  return new DiskError("damaged", `This file is no disk image that can be used here: ${why}.`, { cause });
}
