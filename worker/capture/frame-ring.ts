import type { PacketBatch, PacketPosition } from "../interface.ts";

export interface FrameRingOptions {
  /** Of frames that are kept. Policy: drop-oldest. */
  readonly maxBytes?: number;
  /** How many are kept at most, however short they are. */
  readonly maxFrames?: number;
}

interface Kept {
  readonly bytes: Uint8Array;
  readonly timeMs: number;
  readonly fromGuest: boolean;
}

const DEFAULT_MAX_BYTES = 24 * 1024 * 1024;
const DEFAULT_MAX_FRAMES = 50_000;
/** Of what has gone, so much may linger at the front of the array before it is moved together. */
const COMPACT_AFTER = 4096;

/**
 * The frames of the guest's card since power-on, the newest of them: whoever opens the page's packets late still sees how the
 * boot began. Nothing is read of them here, and nothing leaves before it is asked for.
 */
export class FrameRing {
  readonly #maxBytes: number;
  readonly #maxFrames: number;
  #capture = 0;
  #startedAtMs = 0;
  #frames: Kept[] = [];
  #head = 0;
  #bytes = 0;
  /** Frames that were there once. */
  #gone = 0;

  constructor(options: FrameRingOptions = {}) {
    this.#maxBytes = options.maxBytes ?? DEFAULT_MAX_BYTES;
    this.#maxFrames = options.maxFrames ?? DEFAULT_MAX_FRAMES;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** The machine was switched on: what was before is over. */
  begin(epochMs: number): void {
    this.#capture += 1;
    this.#startedAtMs = epochMs;
    this.#frames = [];
    this.#head = 0;
    this.#bytes = 0;
    this.#gone = 0;
  }

  /** Keeps the frame, which nobody writes to any more; a part of something larger is copied, so that it does not keep that. */
  push(frame: Uint8Array, timeMs: number, fromGuest: boolean): void {
    const bytes = frame.length === frame.buffer.byteLength ? frame : frame.slice();
    this.#frames.push({ bytes, timeMs, fromGuest });
    this.#bytes += bytes.length;
    while (this.#bytes > this.#maxBytes || this.#frames.length - this.#head > this.#maxFrames) this.#drop();
  }

  /** The frames behind a position, as many as fit `maxBytes`, and at least one where there is one. */
  read(position: PacketPosition | undefined, maxBytes: number): PacketBatch {
    const asked = position?.capture === this.#capture ? position.after : 0;
    const first = Math.max(asked, this.#gone);
    const kept = this.#fitting(this.#head + first - this.#gone, maxBytes);
    const bytes = new Uint8Array(kept.reduce((sum, each) => sum + each.bytes.length, 0));
    let at = 0;
    for (const each of kept) {
      bytes.set(each.bytes, at);
      at += each.bytes.length;
    }
    return {
      capture: this.#capture,
      startedAtMs: this.#startedAtMs,
      after: first + kept.length,
      lost: first - asked,
      more: first + kept.length < this.#gone + this.#frames.length - this.#head,
      lengths: Uint32Array.from(kept, (each) => each.bytes.length),
      timesMs: Float64Array.from(kept, ({ timeMs }) => timeMs),
      fromGuest: Uint8Array.from(kept, ({ fromGuest }) => Number(fromGuest)),
      bytes,
    };
  }

  #fitting(from: number, maxBytes: number): Kept[] {
    let end = from;
    let bytes = 0;
    while (end < this.#frames.length) {
      bytes += this.#frames[end]!.bytes.length;
      if (bytes > maxBytes && end > from) break;
      end += 1;
    }
    return this.#frames.slice(from, end);
  }

  #drop(): void {
    this.#bytes -= this.#frames[this.#head]!.bytes.length;
    this.#head += 1;
    this.#gone += 1;
    if (this.#head < COMPACT_AFTER) return;
    this.#frames = this.#frames.slice(this.#head);
    this.#head = 0;
  }
}
