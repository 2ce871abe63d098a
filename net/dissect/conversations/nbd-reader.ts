import { readU32 } from "../../ethernet/octets.ts";
import { REQUEST_MAGIC, SIMPLE_REPLY_MAGIC } from "../../nbd/constants.ts";
import type { NbdMessageKind, NbdPart } from "./nbd-part.ts";

/** "Structured replies" (doc/proto.md). */
export const STRUCTURED_REPLY_MAGIC = 0x668e33ef;

/** What is to come next in one direction. */
export interface Expected {
  readonly kind: NbdMessageKind;
  /** Bytes that tell more: how long the message is, or how many bytes tell that. */
  readonly headBytes: number;
}

/** How long a message is. */
export interface Extent {
  readonly kind: NbdMessageKind;
  /** Of what there is to read: a payload is not part of it. */
  readonly headBytes: number;
  readonly lengthBytes: number;
}

export interface NbdReaderEvents {
  /** What the first bytes of a message say of it, or how many of them are needed for that; `undefined` when they are none. */
  extent(expected: Expected, head: Uint8Array): Extent | Expected | undefined;
  /** A message is whole. Returns what comes next. */
  message(part: Omit<NbdPart, "requested">): Expected;
}

/** Which frame the bytes of a piece come from, and where in the frame that is read now, unless they are from another. */
export interface PieceOrigin {
  readonly number: number;
  readonly offset: number | undefined;
}

/**
 * Cuts one direction of a connection into messages, wherever it is split. Payloads are counted, not kept. After a gap it waits
 * for a segment that begins with a request or a reply.
 */
export class NbdReader {
  readonly #events: NbdReaderEvents;
  #expected: Expected | undefined;
  #head = new Uint8Array(0);
  #extent: Extent | undefined;
  /** Bytes of the message that came so far. */
  #got = 0;
  #firstNumber = 0;
  #lastNumber = 0;
  #frames = 0;
  #from = 0;
  #to = 0;
  #frameOffset = 0;

  /** @param expected the first message; `undefined` where the beginning was not captured */
  constructor(events: NbdReaderEvents, expected: Expected | undefined) {
    this.#events = events;
    this.#begin(expected);
  }

  /** Whether a message is not whole yet. */
  get within(): boolean {
    return this.#got > 0;
  }

  expect(expected: Expected): void {
    if (!this.within) this.#begin(expected);
  }

  /** Bytes are missing. */
  lose(): void {
    this.#begin(undefined);
  }

  /** The next bytes in order; of a frame that is read anew, or of one that was held. */
  push(bytes: Uint8Array, { number, offset }: PieceOrigin): void {
    let at = 0;
    while (at < bytes.length) {
      this.#expected ??= at === 0 ? resumed(bytes) : undefined;
      if (this.#expected === undefined) return;
      if (number !== this.#lastNumber || this.#got === 0) this.#frames += 1;
      if (this.#got === 0) this.#firstNumber = number;
      this.#lastNumber = number;
      const took = this.#take(bytes.subarray(at));
      if (offset !== undefined) this.#placeIn(offset + at, took);
      at += took;
      this.#advance();
    }
  }

  /** A new frame is read: what came before has no place in it. */
  beginFrame(): void {
    this.#from = this.#got;
    this.#to = this.#got;
    this.#frameOffset = 0;
  }

  #take(bytes: Uint8Array): number {
    const headBytes = this.#extent?.headBytes ?? this.#expected!.headBytes;
    const end = this.#got < headBytes ? headBytes : this.#extent!.lengthBytes;
    const took = Math.min(end - this.#got, bytes.length);
    if (this.#got < headBytes) {
      if (this.#head.length < headBytes) this.#head = grown(this.#head, headBytes);
      this.#head.set(bytes.subarray(0, took), this.#got);
    }
    this.#got += took;
    return took;
  }

  #placeIn(offset: number, took: number): void {
    if (this.#to === this.#from) {
      this.#from = this.#got - took;
      this.#frameOffset = offset;
    }
    this.#to = this.#got;
  }

  /** Goes from the first bytes to the whole head, and from there to the whole message. */
  #advance(): void {
    if (this.#extent === undefined) {
      if (this.#got < this.#expected!.headBytes) return;
      const more = this.#events.extent(this.#expected!, this.#head);
      if (more === undefined) {
        this.lose();
        return;
      }
      if (!("lengthBytes" in more)) {
        this.#expected = more;
        return;
      }
      this.#extent = more;
    }
    const extent = this.#extent;
    if (this.#got < extent.lengthBytes) return;
    const next = this.#events.message({
      kind: extent.kind,
      head: this.#head,
      lengthBytes: extent.lengthBytes,
      from: this.#from,
      to: this.#to,
      frameOffset: this.#frameOffset,
      firstNumber: this.#firstNumber,
      frames: this.#frames,
    });
    this.#begin(next);
  }

  #begin(expected: Expected | undefined): void {
    this.#expected = expected;
    this.#extent = undefined;
    this.#head = new Uint8Array(0);
    this.#got = 0;
    this.#frames = 0;
    this.beginFrame();
  }
}

export const REQUEST: Expected = { kind: "request", headBytes: 28 };
/** Of either kind: the shorter one's bytes tell which. */
export const REPLY: Expected = { kind: "simple-reply", headBytes: 16 };

function resumed(bytes: Uint8Array): Expected | undefined {
  const magic = bytes.length < 4 ? 0 : readU32(bytes, 0);
  if (magic === REQUEST_MAGIC) return REQUEST;
  return magic === SIMPLE_REPLY_MAGIC || magic === STRUCTURED_REPLY_MAGIC ? REPLY : undefined;
}

function grown(head: Uint8Array<ArrayBuffer>, length: number): Uint8Array<ArrayBuffer> {
  const larger = new Uint8Array(length);
  larger.set(head);
  return larger;
}
