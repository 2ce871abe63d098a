/**
 * Frames for somebody who is away for a moment. Bounded; policy: drop-newest, so that what was sent first after the cut is
 * there when they come back, and TCP goes on from it without waiting for a timer.
 */
export class HeldFrames {
  readonly #maxBytes: number;
  #frames: Uint8Array[] = [];
  #bytes = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** Octets that are held. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Keeps a copy, for a view may keep much more alive. False when it is full. */
  push(frame: Uint8Array): boolean {
    if (this.#bytes + frame.length > this.#maxBytes) return false;
    this.#frames.push(frame.slice());
    this.#bytes += frame.length;
    return true;
  }

  /** All of them, in order; it is empty afterwards. */
  take(): readonly Uint8Array[] {
    const frames = this.#frames;
    this.#frames = [];
    this.#bytes = 0;
    return frames;
  }
}
