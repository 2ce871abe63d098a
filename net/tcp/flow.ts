import type { Clock } from "../clock.ts";
import type { Ipv4Address } from "../ipv4/address.ts";
import type { Ipv4Output } from "../ipv4/output.ts";
import type { ByteStreamHandler, StreamEnd } from "../stream/stream.ts";
import { type Congestion, createCongestion } from "./congestion.ts";
import type { TcpCounters } from "./counters.ts";
import { Reassembly } from "./reassembly.ts";
import { createRoundTrip, type RoundTrip } from "./round-trip.ts";
import { Scoreboard } from "./scoreboard.ts";
import { SendQueue } from "./send-queue.ts";
import type { SequenceNumber } from "./sequence.ts";
import type { TcpSettings } from "./settings.ts";

/** The states of RFC 9293, section 3.3.2. LISTEN is the endpoint's: a flow begins with a SYN. */
export type FlowState =
  | "SYN-SENT"
  | "SYN-RECEIVED"
  | "ESTABLISHED"
  | "FIN-WAIT-1"
  | "FIN-WAIT-2"
  | "CLOSE-WAIT"
  | "CLOSING"
  | "LAST-ACK"
  | "TIME-WAIT"
  | "CLOSED";

/** What an endpoint provides to each of its flows. */
export interface FlowContext {
  readonly output: Ipv4Output;
  readonly clock: Clock;
  readonly settings: TcpSettings;
  readonly counters: TcpCounters;
  /** The handshake is done: a passive flow gets its handler now. */
  established(flow: Flow): void;
  /** The flow has come to TIME-WAIT or CLOSED. */
  ended(flow: Flow): void;
}

/**
 * The transmission control block of one connection (RFC 9293, section 3.3.1). All of it but `context` and `handler` is data:
 * numbers, and octets that wait. The names of the sequence variables are the RFC's.
 */
export interface Flow {
  readonly context: FlowContext;
  handler: ByteStreamHandler | undefined;
  state: FlowState;
  /** Opened by the peer's SYN. */
  readonly passive: boolean;
  readonly localPort: number;
  readonly remoteAddress: Ipv4Address;
  readonly remotePort: number;

  iss: SequenceNumber;
  sndUna: SequenceNumber;
  /** The next to send; after a time-out it goes back to `sndUna`. */
  sndNxt: SequenceNumber;
  /** One past the last ever sent. */
  sndMax: SequenceNumber;
  /** The peer's window in octets, the segment that told it, and the largest it ever was. */
  sndWnd: number;
  sndWl1: SequenceNumber;
  sndWl2: SequenceNumber;
  maxSndWnd: number;
  /** Largest payload of a segment without options. */
  sndMss: number;
  /** Shift of the windows that the peer announces, and of ours (RFC 7323, section 2). */
  sndShift: number;
  rcvShift: number;
  /** Like `sackPermitted`. */
  windowScaling: boolean;
  readonly sendQueue: SendQueue;
  /** The user has called `end`: a FIN follows the queue. */
  finQueued: boolean;
  /** Where our FIN is, once it was sent. */
  sndFin: SequenceNumber | undefined;
  /** `write` has returned false, and `drained` was not called since. */
  writerWaits: boolean;

  irs: SequenceNumber;
  rcvNxt: SequenceNumber;
  /** The right edge of the window that was announced; it never moves back. */
  rcvEdge: SequenceNumber;
  /** Where the peer's FIN is, when it was seen. */
  rcvFin: SequenceNumber | undefined;
  readonly reassembly: Reassembly;
  /** In order, and not yet handed to a paused reader. */
  received: Uint8Array[];
  receivedOctets: number;
  paused: boolean;
  delivering: boolean;
  endDelivered: boolean;
  /** Why the flow is over; the handler is told after all else. */
  end: StreamEnd | undefined;
  /** Data segments since the last acknowledgment. */
  segmentsToAcknowledge: number;

  /** Offered by us until the peer's SYN was seen, agreed on from then on. */
  sackPermitted: boolean;
  timestamps: boolean;
  /** Added to the clock, so that the clock is not told (RFC 7323, section 7.1). */
  tsOffset: number;
  tsRecent: number;
  tsRecentAt: number;
  lastAckSent: SequenceNumber;

  readonly congestion: Congestion;
  readonly roundTrip: RoundTrip;
  /** The segment whose round trip is under measurement, and when it was sent. Without timestamps only. */
  timedSequence: SequenceNumber | undefined;
  timedAt: number;
  /** With timestamps: the acknowledgment after which the next measurement is due, one a round trip. */
  sampleAfter: SequenceNumber;
  /** Whether the congestion window, rather than the writer or the peer, holds us back. */
  congestionLimited: boolean;
  lastSentAt: number;

  recovery: "none" | "fast" | "timeout";
  /** `sndMax` when the recovery began: it ends when this is acknowledged. */
  recoveryPoint: SequenceNumber;
  /** One past the highest retransmitted in this recovery (HighRxt of RFC 6675). */
  highRxt: SequenceNumber;
  duplicateAcks: number;
  /** Without SACK: what duplicate acknowledgments say has arrived. */
  duplicateOctets: number;
  readonly scoreboard: Scoreboard;

  // When each timer expires, in the clock's milliseconds; `Infinity` when it is off.
  retransmitAt: number;
  persistAt: number;
  persistBackoffs: number;
  delayedAckAt: number;
  keepaliveAt: number;
  timeWaitAt: number;
  idleAt: number;
  /** Since when the peer has owed us a segment. */
  unansweredSince: number | undefined;
  openedAt: number;
  challengeAckAt: number;
}

export function createFlow(
  context: FlowContext,
  passive: boolean,
  localPort: number,
  remoteAddress: Ipv4Address,
  remotePort: number,
  iss: SequenceNumber,
  tsOffset: number,
): Flow {
  const now = context.clock.now();
  return {
    context,
    handler: undefined,
    state: passive ? "SYN-RECEIVED" : "SYN-SENT",
    passive,
    localPort,
    remoteAddress,
    remotePort,
    iss,
    sndUna: iss,
    sndNxt: iss,
    sndMax: iss,
    sndWnd: 0,
    sndWl1: 0,
    sndWl2: 0,
    maxSndWnd: 0,
    sndMss: 536,
    sndShift: 0,
    rcvShift: windowShift(context.settings.receiveWindow),
    windowScaling: true,
    sendQueue: new SendQueue(),
    finQueued: false,
    sndFin: undefined,
    writerWaits: false,
    irs: 0,
    rcvNxt: 0,
    rcvEdge: 0,
    rcvFin: undefined,
    reassembly: new Reassembly(context.settings.maxOutOfOrder),
    received: [],
    receivedOctets: 0,
    paused: false,
    delivering: false,
    endDelivered: false,
    end: undefined,
    segmentsToAcknowledge: 0,
    sackPermitted: true,
    timestamps: true,
    tsOffset,
    tsRecent: 0,
    tsRecentAt: now,
    lastAckSent: 0,
    congestion: createCongestion(),
    roundTrip: createRoundTrip(),
    timedSequence: undefined,
    timedAt: 0,
    sampleAfter: iss,
    congestionLimited: false,
    lastSentAt: now,
    recovery: "none",
    recoveryPoint: iss,
    highRxt: iss,
    duplicateAcks: 0,
    duplicateOctets: 0,
    scoreboard: new Scoreboard(),
    retransmitAt: Number.POSITIVE_INFINITY,
    persistAt: Number.POSITIVE_INFINITY,
    persistBackoffs: 0,
    delayedAckAt: Number.POSITIVE_INFINITY,
    keepaliveAt: Number.POSITIVE_INFINITY,
    timeWaitAt: Number.POSITIVE_INFINITY,
    idleAt: Number.POSITIVE_INFINITY,
    unansweredSince: undefined,
    openedAt: now,
    challengeAckAt: Number.NEGATIVE_INFINITY,
  };
}

/** Data has moved, in either direction. */
export function noteActivity(flow: Flow, now: number): void {
  flow.idleAt = now + flow.context.settings.idleTimeoutMs;
}

/** The shift with which `window` octets fit 16 bits. */
function windowShift(window: number): number {
  let shift = 0;
  while (window / 2 ** shift > 0xffff && shift < 14) shift += 1;
  return shift;
}

/** When the flow next has something to do. */
export function flowDeadline(flow: Flow): number {
  return Math.min(
    flow.retransmitAt,
    flow.persistAt,
    flow.delayedAckAt,
    flow.keepaliveAt,
    flow.timeWaitAt,
    flow.idleAt,
  );
}

/** Whether the flow can still send data and its FIN, new or again. */
export function sendsData(state: FlowState): boolean {
  switch (state) {
    case "ESTABLISHED":
    case "CLOSE-WAIT":
    case "FIN-WAIT-1":
    case "CLOSING":
    case "LAST-ACK":
      return true;
    case "SYN-SENT":
    case "SYN-RECEIVED":
    case "FIN-WAIT-2":
    case "TIME-WAIT":
    case "CLOSED":
      return false;
  }
}
