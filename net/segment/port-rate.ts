import type { Clock } from "../clock.ts";
import { RateLimit } from "../rate-limit.ts";

export interface PortRateOptions {
  readonly clock: Clock;
  /** As much may also come at once, after a second of silence. Above the largest frame. */
  readonly bytesPerSecond: number;
  readonly packetsPerSecond: number;
}

/** How much may go through a port in one direction. What is over it is dropped, as a link would: TCP slows down. */
export class PortRate {
  /** Frames that were over it. */
  dropped = 0;
  readonly #clock: Clock;
  readonly #bytes: RateLimit;
  readonly #packets: RateLimit;

  constructor({ clock, bytesPerSecond, packetsPerSecond }: PortRateOptions) {
    this.#clock = clock;
    this.#bytes = new RateLimit(bytesPerSecond, bytesPerSecond, clock.now());
    this.#packets = new RateLimit(packetsPerSecond, packetsPerSecond, clock.now());
  }

  /** Whether one more frame may pass now. */
  admit(frame: Uint8Array): boolean {
    const nowMs = this.#clock.now();
    if (this.#packets.take(nowMs) && this.#bytes.take(nowMs, frame.length)) return true;
    this.dropped++;
    return false;
  }
}
