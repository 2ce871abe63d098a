import { FIN, SYN, type TcpSegment } from "../../net/tcp/wire.ts";

/** One direction of a connection that somebody else has: its bytes in order, each once. */
export class TcpListener {
  readonly #data: (bytes: Uint8Array) => void;
  #next: number | undefined;

  constructor(data: (bytes: Uint8Array) => void) {
    this.#data = data;
  }

  /**
   * What comes early is let go: TCP sends again what the receiver misses, and on this wire nothing overtakes. Without the
   * SYN there is no telling where the stream begins.
   */
  segment(segment: TcpSegment): void {
    if ((segment.flags & SYN) !== 0) {
      this.#next = (segment.sequence + 1) >>> 0;
      return;
    }
    if (this.#next === undefined || segment.payload.length === 0) return;
    const skip = (this.#next - segment.sequence) | 0;
    if (skip < 0 || skip >= segment.payload.length) return;
    this.#next = (segment.sequence + segment.payload.length) >>> 0;
    this.#data(segment.payload.subarray(skip));
    if ((segment.flags & FIN) !== 0) this.#next = undefined;
  }
}
