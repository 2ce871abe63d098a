import type { SparseDisk } from "./sparse-disk.ts";

const PIECE_BYTES = 256 * 1024;

/** A disk as a raw image packed with gzip. What was never written is not read. */
export function downloadImage(disk: SparseDisk): ReadableStream<Uint8Array<ArrayBuffer>> {
  let at = 0;
  const zeros = new Uint8Array(PIECE_BYTES);
  const raw = new ReadableStream<Uint8Array<ArrayBuffer>>({
    pull(controller) {
      const length = Math.min(PIECE_BYTES, disk.sizeBytes - at);
      if (length === 0) {
        controller.close();
        return;
      }
      const empty = disk.isEmpty(at, length);
      const piece = empty ? zeros.subarray(0, length) : new Uint8Array(length);
      if (!empty) disk.read(at, piece);
      at += length;
      controller.enqueue(piece);
    },
  });
  return raw.pipeThrough(
    new CompressionStream("gzip") as ReadableWritablePair<Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>>,
  );
}
