import { advance, before, type SequenceNumber } from "../../tcp/sequence.ts";
import { ACK, FIN, RST, SYN, sequenceLength, type TcpSegment } from "../../tcp/wire.ts";
import type { TcpNote } from "./context.ts";
import type { HeldPieces } from "./held-pieces.ts";

/** What is known of one direction before a segment of it comes. */
export interface KnownSide {
  /** Up to here its bytes came without a gap. */
  readonly next: SequenceNumber;
  /** The furthest that it has sent. */
  readonly furthest: SequenceNumber;
  readonly held: HeldPieces;
  /** What it acknowledged last; `undefined` before that. */
  readonly acknowledgment: SequenceNumber | undefined;
  readonly window: number;
}

/** What Wireshark's analysis of sequence numbers says, as far as it is told without guessing from times. */
export function notesOf(side: KnownSide, other: KnownSide, segment: TcpSegment): readonly TcpNote[] {
  const { flags, window } = segment;
  if ((flags & RST) !== 0) return [];
  const notes: TcpNote[] = [];
  const order = orderOf(side, segment);
  if (order !== undefined) notes.push(order);
  if (window === 0 && (flags & (SYN | FIN)) === 0) notes.push("zero-window");
  const pure = sequenceLength(segment) === 0 && (flags & ACK) !== 0 && order === undefined;
  if (!pure || side.acknowledgment !== segment.acknowledgment) return notes;
  if (window !== side.window) notes.push("window-update");
  else if (before(segment.acknowledgment, other.furthest)) notes.push("duplicate-ack");
  return notes;
}

function orderOf(side: KnownSide, segment: TcpSegment): TcpNote | undefined {
  const { sequence, flags } = segment;
  const length = sequenceLength(segment);
  const plain = (flags & (SYN | FIN)) === 0;
  if (plain && length <= 1 && sequence === advance(side.furthest, -1)) return "keep-alive";
  if (before(side.furthest, sequence)) return "lost-segment";
  if (length === 0 || !before(sequence, side.furthest)) return undefined;
  const end = advance(sequence, length);
  const again = !before(side.next, end) || side.held.covers(sequence, end);
  return again ? "retransmission" : "out-of-order";
}
