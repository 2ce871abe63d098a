import { grow, halve } from "./congestion.ts";
import { closeFlow, enterTimeWait } from "./deliver.ts";
import { restartRetransmit, sendChallengeAck, timestampNow } from "./emit.ts";
import type { Flow } from "./flow.ts";
import { measure } from "./round-trip.ts";
import { DUP_THRESH } from "./scoreboard.ts";
import { advance, before, distance } from "./sequence.ts";
import { inFlight, retransmitFirst, transmit } from "./transmit.ts";
import { SYN, sequenceLength, type TcpSegment } from "./wire.ts";

/**
 * The ACK field of a segment in a synchronized state (RFC 9293, section 3.10.7.4, fifth step).
 * Returns false when the segment is to be dropped, or ended the flow.
 */
export function acknowledge(flow: Flow, segment: TcpSegment): boolean {
  const ack = segment.acknowledgment;
  // RFC 5961, section 5.2: neither of what was never sent, nor of what is older than any window.
  if (before(flow.sndMax, ack) || before(ack, advance(flow.sndUna, -flow.maxSndWnd))) {
    flow.context.counters.dropped.badAcknowledgment += 1;
    sendChallengeAck(flow);
    return false;
  }
  const reported = noteSackBlocks(flow, segment);
  if (before(flow.sndUna, ack)) {
    acknowledgeNew(flow, segment);
  } else if (ack === flow.sndUna && isDuplicate(flow, segment, reported)) {
    flow.duplicateAcks += 1;
    if (!flow.sackPermitted) flow.duplicateOctets += flow.sndMss;
  }
  if (flow.recovery === "none" && looksLost(flow)) startFastRecovery(flow);
  updateWindow(flow, segment);
  if (!finAcknowledged(flow)) {
    transmit(flow);
    tellDrained(flow);
    return flow.state !== "CLOSED";
  }
  return afterFin(flow);
}

/** Our FIN was acknowledged: the states go on. */
function afterFin(flow: Flow): boolean {
  switch (flow.state) {
    case "FIN-WAIT-1":
      flow.state = "FIN-WAIT-2";
      return true;
    case "CLOSING":
      enterTimeWait(flow);
      return false;
    case "LAST-ACK":
      closeFlow(flow, "finished");
      return false;
    default:
      return true;
  }
}

function finAcknowledged(flow: Flow): boolean {
  return flow.sndFin !== undefined && before(flow.sndFin, flow.sndUna);
}

/** Blocks outside of what is under way say nothing (they are DSACK, RFC 2883, or nonsense). */
function noteSackBlocks(flow: Flow, segment: TcpSegment): boolean {
  if (!flow.sackPermitted) return false;
  let reported = false;
  for (const { start, end } of segment.options.sackBlocks) {
    if (!before(start, end) || before(start, segment.acknowledgment) || before(start, flow.sndUna)) continue;
    if (before(flow.sndMax, end)) continue;
    if (flow.scoreboard.add(start, end)) reported = true;
  }
  return reported;
}

/** RFC 5681, section 2; with SACK it is the blocks that count (RFC 6675, section 2). */
function isDuplicate(flow: Flow, segment: TcpSegment, reported: boolean): boolean {
  // Not what answers a zero-window probe: nothing counts as sent then.
  if (flow.sndUna === flow.sndNxt || sequenceLength(segment) > 0) return false;
  if (flow.sackPermitted) return reported;
  return segment.window << flow.sndShift === flow.sndWnd;
}

/** RFC 6675, section 5, steps 1 and 2. After a time-out not before all that was sent by then is acknowledged (RFC 6582). */
function looksLost(flow: Flow): boolean {
  if (flow.sndUna === flow.sndNxt) return false;
  return flow.duplicateAcks >= DUP_THRESH || flow.scoreboard.lossEdge(flow.sndMss) !== undefined;
}

function startFastRecovery(flow: Flow): void {
  flow.context.counters.fastRetransmits += 1;
  halve(flow.congestion, distance(flow.sndUna, flow.sndNxt), flow.sndMss);
  flow.recovery = "fast";
  flow.recoveryPoint = flow.sndMax;
  retransmitFirst(flow);
  restartRetransmit(flow);
}

function acknowledgeNew(flow: Flow, segment: TcpSegment): void {
  const ack = segment.acknowledgment;
  const octets = distance(flow.sndUna, ack);
  takeMeasurement(flow, segment);
  flow.sendQueue.release(Math.min(octets, flow.sendQueue.length));
  flow.sndUna = ack;
  if (before(flow.sndNxt, ack)) flow.sndNxt = ack;
  flow.scoreboard.acknowledge(ack);
  flow.duplicateAcks = 0;
  flow.roundTrip.backoffs = 0;
  flow.persistBackoffs = 0;
  if (flow.sndUna === flow.sndMax) flow.retransmitAt = Number.POSITIVE_INFINITY;
  else restartRetransmit(flow);
  advanceRecovery(flow, octets);
}

function advanceRecovery(flow: Flow, octets: number): void {
  const over = !before(flow.sndUna, flow.recoveryPoint);
  switch (flow.recovery) {
    case "none":
      flow.duplicateOctets = 0;
      if (flow.congestionLimited) grow(flow.congestion, octets, flow.sndMss);
      return;
    case "timeout":
      flow.duplicateOctets = 0;
      grow(flow.congestion, octets, flow.sndMss);
      if (over) flow.recovery = "none";
      return;
    case "fast":
      if (over) {
        flow.recovery = "none";
        flow.duplicateOctets = 0;
        // No burst into a pipe that has run empty (RFC 6582, section 3.2, step 3).
        flow.congestion.window = Math.min(
          flow.congestion.slowStartThreshold,
          Math.max(inFlight(flow), flow.sndMss) + flow.sndMss,
        );
        return;
      }
      if (flow.sackPermitted) return;
      // A partial acknowledgment: the segment after it is lost as well (RFC 6582, section 3.2, step 3).
      flow.duplicateOctets = Math.max(0, flow.duplicateOctets - Math.max(0, octets - flow.sndMss));
      retransmitFirst(flow);
      return;
  }
}

/** One measurement a round trip, as RFC 6298's weights assume: by timestamps (RFC 7323, section 4.1) or by one timed segment. */
export function takeMeasurement(flow: Flow, segment: TcpSegment): void {
  const { clock, settings } = flow.context;
  const ack = segment.acknowledgment;
  let sample: number | undefined;
  if (segment.options.timestamps !== undefined && flow.timestamps) {
    if (before(ack, flow.sampleAfter)) return;
    flow.sampleAfter = advance(flow.sndMax, 1);
    sample = distance(segment.options.timestamps.echo, timestampNow(flow));
  } else if (flow.timedSequence !== undefined && !before(ack, flow.timedSequence)) {
    flow.timedSequence = undefined;
    sample = clock.now() - flow.timedAt;
  }
  if (sample === undefined || sample < 0 || sample > settings.userTimeoutMs) return;
  measure(flow.roundTrip, sample, settings.minRtoMs, settings.maxRtoMs);
}

/** Only a newer segment tells the window (SND.WL1 and SND.WL2 of RFC 9293); that of a SYN is not scaled (RFC 7323, section 2.2). */
export function updateWindow(flow: Flow, segment: TcpSegment): void {
  const { sequence, acknowledgment } = segment;
  const newer =
    before(flow.sndWl1, sequence) || (flow.sndWl1 === sequence && !before(acknowledgment, flow.sndWl2));
  if (!newer) return;
  flow.sndWnd = segment.flags & SYN ? segment.window : segment.window << flow.sndShift;
  flow.sndWl1 = sequence;
  flow.sndWl2 = acknowledgment;
  if (flow.sndWnd > flow.maxSndWnd) flow.maxSndWnd = flow.sndWnd;
}

function tellDrained(flow: Flow): void {
  if (!flow.writerWaits || flow.finQueued) return;
  if (flow.sendQueue.length > flow.context.settings.sendLowWater) return;
  flow.writerWaits = false;
  flow.handler?.drained();
}
