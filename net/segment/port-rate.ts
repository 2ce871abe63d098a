import type { Clock } from "../clock.ts";

export interface PortRateOptions {
  readonly clock: Clock;
  /** As much may also come at once. Above the largest frame. */
  readonly bytesPerSecond: number;
  readonly packetsPerSecond: number;
}

/**
 * How much may go through a port in one direction. What is over it is dropped, as a link would: TCP slows down. A token bucket
 * of a second's worth that is filled up when it is found empty, so that the clock is not asked for each frame: from the start
 * on, never more than the rate and one second's worth besides.
 */
export class PortRate {
  /** Frames that were over it. */
  dropped = 0;
  readonly #options: PortRateOptions;
  #bytes: number;
  #packets: number;
  #filledAtMs: number;

  constructor(options: PortRateOptions) {
    this.#options = options;
    this.#bytes = options.bytesPerSecond;
    this.#packets = options.packetsPerSecond;
    this.#filledAtMs = options.clock.now();
  }

  /** Whether one more frame may pass now. */
  admit(frame: Uint8Array): boolean {
    if (this.#isEmptyFor(frame)) this.#fill();
    if (this.#isEmptyFor(frame)) {
      this.dropped++;
      return false;
    }
    this.#packets -= 1;
    this.#bytes -= frame.length;
    return true;
  }

  #isEmptyFor(frame: Uint8Array): boolean {
    return this.#packets < 1 || this.#bytes < frame.length;
  }

  #fill(): void {
    const { clock, bytesPerSecond, packetsPerSecond } = this.#options;
    const nowMs = clock.now();
    const seconds = (nowMs - this.#filledAtMs) / 1000;
    this.#filledAtMs = nowMs;
    this.#bytes = Math.min(bytesPerSecond, this.#bytes + seconds * bytesPerSecond);
    this.#packets = Math.min(packetsPerSecond, this.#packets + seconds * packetsPerSecond);
  }
}
