import type { Ipv4Address } from "../ipv4/address.ts";
import type { Ipv4Output } from "../ipv4/output.ts";
import { IPV4_HEADER_BYTES, ipProtocol } from "../ipv4/packet.ts";
import type { TcpCounters } from "./counters.ts";
import { type Flow, noteActivity } from "./flow.ts";
import { MIN_PIECE_OCTETS } from "./large-segment.ts";
import { currentRtoMs } from "./round-trip.ts";
import { advance, before, distance, later, type SequenceNumber } from "./sequence.ts";
import {
  ACK,
  FIN,
  MAX_HEADER,
  MIN_HEADER,
  NO_OPTIONS,
  NO_SACK_BLOCKS,
  optionsLength,
  PSH,
  RST,
  SYN,
  sealSegment,
  sequenceLength,
  type TcpOptions,
  type TcpSegment,
  writeHeader,
  writePieceOctets,
} from "./wire.ts";

/** The largest payload that a segment without options can have on our link. */
export function linkMss(output: Ipv4Output): number {
  return output.mtu - IPV4_HEADER_BYTES - MIN_HEADER;
}

/** What our timestamps say now. */
export function timestampNow(flow: Flow): number {
  return (Math.floor(flow.context.clock.now()) + flow.tsOffset) >>> 0;
}

/** The options of a segment sent now in a synchronized state. */
function currentOptions(flow: Flow): TcpOptions {
  // 40 octets of options hold four blocks, or three beside timestamps.
  const sackBlocks = flow.sackPermitted ? flow.reassembly.blocks(flow.timestamps ? 3 : 4) : NO_SACK_BLOCKS;
  if (!flow.timestamps && sackBlocks.length === 0) return NO_OPTIONS;
  return {
    maximumSegmentSize: undefined,
    windowScale: undefined,
    sackPermitted: false,
    sackBlocks,
    timestamps: flow.timestamps ? { value: timestampNow(flow), echo: flow.tsRecent } : undefined,
  };
}

/** Largest payload of a segment sent now: options take from the segment size (RFC 6691). */
export function payloadLimit(flow: Flow): number {
  if (flow.reassembly.pieces === 0) return flow.sndMss - (flow.timestamps ? 12 : 0);
  return flow.sndMss - optionsLength(currentOptions(flow));
}

/** The same for new octets, of which one segment may be cut into many at the far end of the link: whole ones only. */
export function largePayloadLimit(flow: Flow): number {
  const { mtu, largePacketBytes = mtu } = flow.context.output;
  const piece = payloadLimit(flow);
  if (largePacketBytes <= mtu || piece < MIN_PIECE_OCTETS) return piece;
  // Headers have their most here; the piece is what counts, and it has them right.
  const room = largePacketBytes - IPV4_HEADER_BYTES - MAX_HEADER;
  return Math.max(piece, room - (room % piece));
}

/** Whether a segment with so many octets is above the MTU, and is known by that as one that has to be cut. */
export function isLarge(flow: Flow, length: number): boolean {
  return length > payloadLimit(flow) + linkMss(flow.context.output) - flow.sndMss;
}

/**
 * Sends `length` octets of the queue from `sequence` on, and the FIN after them if `fin`. They may be new or sent before.
 */
export function sendSegment(flow: Flow, sequence: SequenceNumber, length: number, fin: boolean): void {
  const { counters } = flow.context;
  const end = advance(sequence, length + (fin ? 1 : 0));
  const again = before(sequence, flow.sndMax);
  if (again) {
    counters.retransmits += 1;
    // Karn: what was sent twice measures nothing.
    if (flow.timedSequence !== undefined && before(sequence, flow.timedSequence))
      flow.timedSequence = undefined;
  } else if (!flow.timestamps && flow.timedSequence === undefined) {
    flow.timedSequence = end;
    flow.timedAt = flow.context.clock.now();
  }
  flow.sndMax = later(flow.sndMax, end);
  if (fin) flow.sndFin = advance(sequence, length);
  counters.octetsOut += length;
  const last = distance(flow.sndUna, sequence) + length === flow.sendQueue.length;
  const flags = ACK | (fin ? FIN : 0) | (last && length > 0 ? PSH : 0);
  flow.lastSentAt = flow.context.clock.now();
  if (length > 0 && !again) noteActivity(flow, flow.lastSentAt);
  armRetransmit(flow);
  put(flow, sequence, flags, currentOptions(flow), length);
}

/** Sends an acknowledgment without data. */
export function sendAck(flow: Flow): void {
  put(flow, acceptableSequence(flow), ACK, currentOptions(flow), 0);
}

/** Where a segment without data stands: beyond a window that has closed the peer would not look at it. */
function acceptableSequence(flow: Flow): SequenceNumber {
  const windowEnd = advance(flow.sndUna, flow.sndWnd);
  return before(windowEnd, flow.sndMax) ? windowEnd : flow.sndMax;
}

/** An acknowledgment that asks the peer to prove itself, at a bounded rate (RFC 5961, section 7). */
export function sendChallengeAck(flow: Flow): void {
  const { clock, counters, settings } = flow.context;
  const now = clock.now();
  if (now < flow.challengeAckAt) return;
  flow.challengeAckAt = now + settings.challengeAckIntervalMs;
  counters.challengeAcks += 1;
  sendAck(flow);
}

/** Asks for a sign of life with an octet that the peer has already acknowledged (RFC 9293, section 3.8.4). */
export function sendKeepalive(flow: Flow): void {
  flow.context.counters.keepaliveProbes += 1;
  put(flow, advance(flow.sndUna, -1), ACK, currentOptions(flow), 0);
}

/** Sends our SYN, or SYN and ACK, for the first time or again. */
export function sendSyn(flow: Flow): void {
  const answers = flow.state === "SYN-RECEIVED";
  const again = flow.sndMax !== flow.iss;
  if (again) flow.context.counters.retransmits += 1;
  flow.sndNxt = advance(flow.iss, 1);
  flow.sndMax = flow.sndNxt;
  armRetransmit(flow);
  put(
    flow,
    flow.iss,
    answers ? SYN | ACK : SYN,
    {
      maximumSegmentSize: linkMss(flow.context.output),
      windowScale: flow.windowScaling ? flow.rcvShift : undefined,
      sackPermitted: flow.sackPermitted,
      sackBlocks: NO_SACK_BLOCKS,
      timestamps: flow.timestamps ? { value: timestampNow(flow), echo: flow.tsRecent } : undefined,
    },
    0,
  );
}

/** Resets the connection: it is gone for the peer when this arrives. */
export function sendReset(flow: Flow): void {
  flow.context.counters.resetsOut += 1;
  put(flow, acceptableSequence(flow), RST | ACK, NO_OPTIONS, 0);
}

/** Answers a segment that belongs to no flow (RFC 9293, section 3.5.2). Never answers a RST. */
export function refuseSegment(
  output: Ipv4Output,
  counters: TcpCounters,
  peer: Ipv4Address,
  segment: TcpSegment,
): void {
  if (segment.flags & RST) return;
  const acknowledges = (segment.flags & ACK) !== 0;
  counters.resetsOut += 1;
  counters.segmentsOut += 1;
  output.send(ipProtocol.tcp, peer, MIN_HEADER, (frame, offset) => {
    writeHeader(frame, offset, {
      sourcePort: segment.destinationPort,
      destinationPort: segment.sourcePort,
      sequence: acknowledges ? segment.acknowledgment : 0,
      acknowledgment: acknowledges ? 0 : advance(segment.sequence, sequenceLength(segment)),
      flags: acknowledges ? RST : RST | ACK,
      window: 0,
      options: NO_OPTIONS,
    });
    sealSegment(frame, offset, MIN_HEADER, output.address, peer);
  });
}

/** Starts the retransmission timer unless it runs (RFC 6298, section 5.1). */
function armRetransmit(flow: Flow): void {
  flow.persistAt = Number.POSITIVE_INFINITY;
  if (flow.retransmitAt === Number.POSITIVE_INFINITY) restartRetransmit(flow);
}

/** Starts the retransmission timer anew (RFC 6298, section 5.3). */
export function restartRetransmit(flow: Flow): void {
  const { clock, settings } = flow.context;
  flow.retransmitAt = clock.now() + currentRtoMs(flow.roundTrip, settings.maxRtoMs);
}

/** Every segment of a flow leaves here: with what acknowledges and with the window of this moment. */
function put(flow: Flow, sequence: SequenceNumber, flags: number, options: TcpOptions, length: number): void {
  const { output, counters } = flow.context;
  const acknowledges = (flags & ACK) !== 0;
  const window = acknowledges ? announceWindow(flow) : flow.context.settings.receiveWindow;
  const scaled = flags & SYN ? window : window >>> flow.rcvShift;
  if (acknowledges) {
    flow.lastAckSent = flow.rcvNxt;
    flow.segmentsToAcknowledge = 0;
    flow.delayedAckAt = Number.POSITIVE_INFINITY;
  }
  counters.segmentsOut += 1;
  const total = MIN_HEADER + optionsLength(options) + length;
  const piece = payloadLimit(flow);
  const fill = (frame: Uint8Array, offset: number) => {
    const headerLength = writeHeader(frame, offset, {
      sourcePort: flow.localPort,
      destinationPort: flow.remotePort,
      sequence,
      acknowledgment: acknowledges ? flow.rcvNxt : 0,
      flags,
      window: Math.min(scaled, 0xffff),
      options,
    });
    if (length > 0) {
      flow.sendQueue.copyTo(frame, offset + headerLength, distance(flow.sndUna, sequence), length);
    }
    if (length > piece) writePieceOctets(frame, offset, piece);
    else sealSegment(frame, offset, total, output.address, flow.remoteAddress);
  };
  output.send(ipProtocol.tcp, flow.remoteAddress, total, fill, Math.ceil(length / piece) || 1);
}

/** Octets that the reader has room for. */
function freeWindow(flow: Flow): number {
  return Math.max(0, flow.context.settings.receiveWindow - flow.receivedOctets);
}

/** How far the right edge of the window could move; 0 when that is too little to tell (RFC 9293, section 3.8.6.2.2). */
export function windowGain(flow: Flow): number {
  const gain = distance(flow.rcvEdge, advance(flow.rcvNxt, freeWindow(flow)));
  const worthwhile = Math.min(linkMss(flow.context.output), flow.context.settings.receiveWindow / 2);
  return gain >= worthwhile ? gain : 0;
}

/** Moves the right edge of our window, and returns the window in octets. */
function announceWindow(flow: Flow): number {
  flow.rcvEdge = advance(flow.rcvEdge, windowGain(flow));
  return Math.max(0, distance(flow.rcvNxt, flow.rcvEdge));
}
