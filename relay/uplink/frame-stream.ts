import type { FrameSink } from "../../net/segment/frame.ts";

/** A length above this is no frame: the stream has lost its place. */
const LARGEST_FRAME_BYTES = 65_536;

/**
 * Reads frames, each behind its length as u32be, from a byte stream that may be split anywhere. A length of 0 is the helper's
 * sign that it is ready. Frames that lie whole in a chunk are views of it; the chunks must not be written to afterwards.
 */
export class FrameStreamReader {
  readonly #onFrame: FrameSink;
  readonly #onReady: () => void;
  /** The start of a frame whose rest has not come yet, length included. */
  #parts: Uint8Array[] = [];
  #partBytes = 0;
  /** How many bytes `#parts` must hold before another look is worth while. */
  #wantedBytes = 4;

  constructor(onFrame: FrameSink, onReady: () => void) {
    this.#onFrame = onFrame;
    this.#onReady = onReady;
  }

  /** Takes the next bytes. Returns false when they cannot be frames; the stream is then of no further use. */
  push(chunk: Uint8Array): boolean {
    let bytes = chunk;
    if (this.#partBytes > 0) {
      this.#parts.push(chunk);
      this.#partBytes += chunk.length;
      if (this.#partBytes < this.#wantedBytes) return true;
      bytes = concatenate(this.#parts, this.#partBytes);
      this.#parts = [];
      this.#partBytes = 0;
    }
    let at = 0;
    this.#wantedBytes = 4;
    while (bytes.length - at >= 4) {
      const length =
        ((bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!) >>> 0;
      if (length > LARGEST_FRAME_BYTES) return false;
      if (bytes.length - at - 4 < length) {
        this.#wantedBytes = 4 + length;
        break;
      }
      at += 4;
      if (length === 0) this.#onReady();
      else this.#onFrame(bytes.subarray(at, at + length));
      at += length;
    }
    if (at < bytes.length) {
      this.#parts = [bytes.subarray(at)];
      this.#partBytes = bytes.length - at;
    }
    return true;
  }
}

function concatenate(parts: readonly Uint8Array[], length: number): Uint8Array {
  const whole = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
