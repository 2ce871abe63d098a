import { NBD_PORT } from "../../nbd/constants.ts";
import { advance, before, distance, later, type SequenceNumber } from "../../tcp/sequence.ts";
import { ACK, FIN, SYN, sequenceLength, type TcpSegment } from "../../tcp/wire.ts";
import type { TcpContext } from "./context.ts";
import { HeldPieces } from "./held-pieces.ts";
import { NbdConversation } from "./nbd-conversation.ts";
import { notesOf } from "./tcp-notes.ts";

/** Of a connection: who opened it is the client. Where that was not captured, it is who has the higher port. */
export type TcpSide = "client" | "server";

/** One direction of a connection. The names are those of `KnownSide`. */
interface Side {
  readonly name: TcpSide;
  /** The number before its first byte: of its SYN, or where the capture began. */
  base: SequenceNumber | undefined;
  next: SequenceNumber;
  furthest: SequenceNumber;
  readonly held: HeldPieces;
  acknowledgment: SequenceNumber | undefined;
  window: number;
  windowShift: number | undefined;
}

/** The frame that a segment came in. */
export interface SegmentFrame {
  readonly number: number;
  readonly timeMs: number;
  /** Where in it the payload begins. */
  readonly payloadOffset: number;
}

/** A TCP connection, heard from outside. */
export class TcpFlow {
  readonly stream: number;
  readonly #client = newSide("client");
  readonly #server = newSide("server");
  readonly #nbd: NbdConversation | undefined;

  constructor(stream: number, serverPort: number, fromStart: boolean) {
    this.stream = stream;
    this.#nbd = serverPort === NBD_PORT ? new NbdConversation(fromStart) : undefined;
  }

  /** Whether this SYN opens another connection between the same ports. */
  beginsAnew(segment: TcpSegment): boolean {
    const { base } = this.#client;
    return (segment.flags & (SYN | ACK)) === SYN && base !== undefined && base !== segment.sequence;
  }

  observe(name: TcpSide, segment: TcpSegment, frame: SegmentFrame): TcpContext {
    const [side, other] = name === "client" ? [this.#client, this.#server] : [this.#server, this.#client];
    const known = side.base !== undefined;
    if (side.base === undefined) begin(side, segment);
    if ((segment.flags & SYN) !== 0) side.windowShift = segment.options.windowScale;
    const notes = known ? notesOf(side, other, segment) : [];
    if ((segment.flags & ACK) !== 0) {
      side.acknowledgment = segment.acknowledgment;
      other.base ??= startAt(other, segment.acknowledgment);
    }
    side.window = segment.window;
    this.#nbd?.beginFrame(frame.number, frame.timeMs);
    this.#take(side, segment, frame);
    return {
      stream: this.stream,
      sequenceBase: side.base!,
      acknowledgmentBase: other.base,
      windowShift: this.#scales ? (side.windowShift ?? 0) : 0,
      notes,
      nbd: this.#nbd?.found(),
    };
  }

  /** A scale counts when both SYNs have the option (RFC 7323, section 2.2); one that was not captured is not known. */
  get #scales(): boolean {
    return this.#client.windowShift !== undefined && this.#server.windowShift !== undefined;
  }

  #take(side: Side, segment: TcpSegment, { number, payloadOffset }: SegmentFrame): void {
    const { payload, flags } = segment;
    if (sequenceLength(segment) === 0) return;
    side.furthest = later(side.furthest, advance(segment.sequence, sequenceLength(segment)));
    const first = advance(segment.sequence, (flags & SYN) !== 0 ? 1 : 0);
    const end = advance(first, payload.length);
    if (before(side.next, first)) {
      if (!side.held.add(first, payload, number)) this.#giveUpGap(side);
      return;
    }
    const skip = distance(first, side.next);
    if (skip < payload.length) {
      this.#nbd?.push(side.name, payload.subarray(skip), { number, offset: payloadOffset + skip });
      side.next = end;
    }
    this.#takeHeld(side);
    if ((flags & FIN) !== 0 && side.next === end) side.next = advance(end, 1);
  }

  #takeHeld(side: Side): void {
    side.next = side.held.take(side.next, (bytes, number) =>
      this.#nbd?.push(side.name, bytes, { number, offset: undefined }),
    );
  }

  /** What is missing was not captured, and does not come any more. */
  #giveUpGap(side: Side): void {
    this.#nbd?.lose(side.name);
    side.next = side.held.first ?? side.next;
    this.#takeHeld(side);
  }
}

function newSide(name: TcpSide): Side {
  return {
    name,
    base: undefined,
    next: 0,
    furthest: 0,
    held: new HeldPieces(),
    acknowledgment: undefined,
    window: 0,
    windowShift: undefined,
  };
}

function begin(side: Side, segment: TcpSegment): void {
  const syn = (segment.flags & SYN) !== 0;
  side.base = startAt(side, advance(segment.sequence, syn ? 1 : 0));
}

/** The side's first byte has this number. Returns the number before it. */
function startAt(side: Side, first: SequenceNumber): SequenceNumber {
  side.next = first;
  side.furthest = first;
  return advance(first, -1);
}
