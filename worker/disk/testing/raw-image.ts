import type { Medium } from "../disk.ts";
import type { SparseDisk } from "../sparse-disk.ts";

const PIECE_BYTES = 64 * 1024;

/** Writes the content of a disk to an empty file, as it is for e2fsck; what was never written stays a hole. */
export function writeRawImage(disk: SparseDisk, file: Medium): void {
  const piece = new Uint8Array(PIECE_BYTES);
  file.truncate(disk.sizeBytes);
  for (let at = 0; at < disk.sizeBytes; at += PIECE_BYTES) {
    if (disk.isEmpty(at, PIECE_BYTES)) continue;
    disk.read(at, piece);
    file.write(at, piece);
  }
}
