/** What the pacing needs of an emulated UART. */
export interface Uart {
  /** How many bytes its FIFO takes now. */
  room(): number;
  receive(bytes: Uint8Array): void;
}

const DEFAULT_MAX_QUEUED_BYTES = 1024 * 1024;

/**
 * What was typed or pasted, on its way to the guest. A UART has a FIFO of 16 bytes, and the guest's terminal layer loses
 * what comes faster than it reads: the next bytes go in when the guest has taken those before.
 * Bound: a megabyte; policy: what does not fit is refused whole, and counted.
 */
export class SerialInput {
  readonly #uart: Uart;
  readonly #maxQueuedBytes: number;
  readonly #queue: Uint8Array[] = [];
  #offset = 0;
  #queuedBytes = 0;
  #refusedBytes = 0;

  constructor(uart: Uart, maxQueuedBytes: number = DEFAULT_MAX_QUEUED_BYTES) {
    this.#uart = uart;
    this.#maxQueuedBytes = maxQueuedBytes;
  }

  get queuedBytes(): number {
    return this.#queuedBytes;
  }

  get refusedBytes(): number {
    return this.#refusedBytes;
  }

  /** Keeps the bytes: do not write to them afterwards. */
  send(bytes: Uint8Array): void {
    if (bytes.length === 0) return;
    if (this.#queuedBytes + bytes.length > this.#maxQueuedBytes) {
      this.#refusedBytes += bytes.length;
      return;
    }
    this.#queue.push(bytes);
    this.#queuedBytes += bytes.length;
  }

  /** Called between two slices of guest time. */
  pump(): void {
    let room = this.#queuedBytes === 0 ? 0 : this.#uart.room();
    while (room > 0 && this.#queue.length > 0) {
      const first = this.#queue[0]!;
      const chunk = first.subarray(this.#offset, this.#offset + room);
      this.#uart.receive(chunk);
      room -= chunk.length;
      this.#queuedBytes -= chunk.length;
      this.#offset += chunk.length;
      if (this.#offset === first.length) {
        this.#queue.shift();
        this.#offset = 0;
      }
    }
  }
}
