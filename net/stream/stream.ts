import type { MacAddress } from "../ethernet/mac.ts";

/**
 * An ordered byte stream as its user sees it: a guest's TCP connection, or a socket that was dialled for it. Both ends of a
 * forward are one of these, so a splice needs to know nothing else.
 */
export interface ByteStream {
  /**
   * Queues bytes, in one or more pieces that belong together. They are kept, not copied: do not write to them afterwards.
   * Returns false when the queue is over its high-water mark: write no more until `drained`.
   */
  write(...pieces: readonly Uint8Array[]): boolean;
  /**
   * Like `write`, of bytes that their owner wants to have back: `done` is called when nothing will look at them again, because
   * they have arrived or because the stream is over. Absent where a stream cannot tell.
   */
  lend?(done: () => void, ...pieces: readonly Uint8Array[]): boolean;
  /** Sends what is queued, then closes our direction (half-close). */
  end(): void;
  /** Drops everything and resets the connection. `closed` follows. */
  abort(): void;
  /** Delivers no more data until `resume`; the peer is slowed down by flow control. */
  pause(): void;
  resume(): void;
}

/** Why a stream is over. */
export type StreamEnd = "finished" | "reset" | "timed-out" | "refused" | "aborted";

/** What the user of a stream is told. */
export interface ByteStreamHandler {
  /** Whether it keeps no view of what `data` gives it: then the bytes may be overwritten once `data` has returned. */
  readonly borrows?: boolean;
  /** Bytes in order. Immutable: they may be kept, unless the handler borrows. */
  data(bytes: Uint8Array): void;
  /** The peer has closed its direction; ours stays open until `end`. */
  end(): void;
  /** The queue fell below its low-water mark: writing may go on. */
  drained(): void;
  /** Exactly once, and last. */
  closed(reason: StreamEnd): void;
}

/** Answers one incoming connection. */
export type StreamService = (stream: ByteStream, peer: StreamPeer) => ByteStreamHandler;

export interface StreamPeer {
  /** IPv4 address as an unsigned 32-bit number. */
  readonly address: number;
  readonly port: number;
  /** Its MAC address, where it is known. */
  readonly mac?: MacAddress;
}
