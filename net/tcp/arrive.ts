import type { StreamEnd } from "../stream/stream.ts";
import { acknowledge, takeMeasurement, updateWindow } from "./acknowledge.ts";
import { initialWindow } from "./congestion.ts";
import { closeFlow } from "./deliver.ts";
import { linkMss, refuseSegment, sendAck, sendChallengeAck, sendSyn } from "./emit.ts";
import { type Flow, noteActivity } from "./flow.ts";
import { advance, before, distance } from "./sequence.ts";
import { takeText } from "./text.ts";
import { transmit } from "./transmit.ts";
import { ACK, FIN, RST, SYN, sequenceLength, type TcpSegment } from "./wire.ts";

/** RFC 7323, section 5.5: a timestamp older than this proves nothing. */
const TS_RECENT_VALID_MS = 24 * 24 * 3600 * 1000;

/** RFC 9293, section 3.7.1: what a peer takes that names no MSS. */
const DEFAULT_MSS = 536;

/** SEGMENT ARRIVES (RFC 9293, section 3.10.7), for a flow that exists. */
export function segmentArrives(flow: Flow, segment: TcpSegment): void {
  switch (flow.state) {
    case "SYN-SENT":
      arrivesInSynSent(flow, segment);
      return;
    case "SYN-RECEIVED":
    case "ESTABLISHED":
    case "FIN-WAIT-1":
    case "FIN-WAIT-2":
    case "CLOSE-WAIT":
    case "CLOSING":
    case "LAST-ACK":
    case "TIME-WAIT":
      arrivesSynchronized(flow, segment);
      return;
    case "CLOSED":
      return;
    default:
      flow.state satisfies never;
  }
}

/** Section 3.10.7.3. */
function arrivesInSynSent(flow: Flow, segment: TcpSegment): void {
  const { output, counters } = flow.context;
  const acknowledges = (segment.flags & ACK) !== 0;
  if (acknowledges && segment.acknowledgment !== flow.sndMax) {
    counters.dropped.badAcknowledgment += 1;
    refuseSegment(output, counters, flow.remoteAddress, segment);
    return;
  }
  if (segment.flags & RST) {
    if (!acknowledges) return;
    counters.resetsIn += 1;
    closeFlow(flow, "refused");
    return;
  }
  if (!(segment.flags & SYN)) return;
  takeSyn(flow, segment);
  if (!acknowledges) {
    // Both have opened at the same time (RFC 9293, section 3.5, figure 8).
    flow.state = "SYN-RECEIVED";
    sendSyn(flow);
    return;
  }
  establish(flow, segment);
}

/** What the peer's SYN agrees on (RFC 7323, RFC 2018): an option holds only if both have sent it. */
export function takeSyn(flow: Flow, segment: TcpSegment): void {
  const { maximumSegmentSize, windowScale, sackPermitted, timestamps } = segment.options;
  const { clock, output, settings } = flow.context;
  flow.irs = segment.sequence;
  flow.rcvNxt = advance(segment.sequence, 1);
  flow.lastAckSent = flow.irs;
  flow.sndWnd = segment.window;
  flow.rcvEdge = advance(flow.rcvNxt, Math.min(settings.receiveWindow, 0xffff));
  // 64 octets: a peer that names less, or nothing at all, would cost more header than text.
  flow.sndMss = Math.min(Math.max(maximumSegmentSize ?? DEFAULT_MSS, 64), linkMss(output));
  flow.sackPermitted = sackPermitted;
  flow.timestamps = timestamps !== undefined;
  if (timestamps !== undefined) {
    flow.tsRecent = timestamps.value;
    flow.tsRecentAt = clock.now();
  }
  flow.windowScaling = windowScale !== undefined;
  if (windowScale === undefined) flow.rcvShift = 0;
  flow.sndShift = windowScale === undefined ? 0 : Math.min(windowScale, 14);
}

/** The handshake is complete. */
function establish(flow: Flow, segment: TcpSegment): void {
  const { clock, settings } = flow.context;
  takeMeasurement(flow, segment);
  // RFC 5681, section 3.1: a SYN that had to be repeated counts as a loss.
  flow.congestion.window =
    flow.roundTrip.backoffs > 0 ? flow.sndMss : initialWindow(flow.sndMss, settings.initialWindowSegments);
  flow.roundTrip.backoffs = 0;
  flow.retransmitAt = Number.POSITIVE_INFINITY;
  flow.keepaliveAt = clock.now() + settings.keepaliveIdleMs;
  noteActivity(flow, clock.now());
  flow.unansweredSince = undefined;
  flow.sndUna = segment.acknowledgment;
  flow.sndWl1 = advance(segment.sequence, -1);
  updateWindow(flow, segment);
  flow.state = flow.finQueued ? "FIN-WAIT-1" : "ESTABLISHED";
  flow.context.established(flow);
  transmit(flow);
  // The peer waits for this, unless data has carried it already.
  if (flow.lastAckSent !== flow.rcvNxt && receivesText(flow)) sendAck(flow);
}

/** Section 3.10.7.4. */
function arrivesSynchronized(flow: Flow, segment: TcpSegment): void {
  const { counters, clock, settings } = flow.context;
  const { flags } = segment;
  if (flow.timestamps && segment.options.timestamps === undefined && !(flags & RST)) {
    counters.dropped.noTimestamp += 1;
    return;
  }
  // The SYN again: the peer has not seen our SYN and ACK, or sends its own after an open from both sides.
  if (flow.state === "SYN-RECEIVED" && flags & SYN && segment.sequence === flow.irs) {
    if (!(flags & ACK)) sendSyn(flow);
    else if (segment.acknowledgment === flow.sndMax) establish(flow, segment);
    return;
  }
  // First: the sequence number.
  if (isOldByTimestamp(flow, segment) || !isAcceptable(flow, segment)) {
    counters.dropped.unacceptable += 1;
    if (flags & RST) return;
    // An empty segment may itself be the answer to one of ours: at a bounded rate, or both sides go on for ever.
    if (sequenceLength(segment) > 0) sendAck(flow);
    else sendChallengeAck(flow);
    if (flow.state === "TIME-WAIT" && flags & FIN) flow.timeWaitAt = clock.now() + settings.timeWaitMs;
    return;
  }
  // Second: RST. Only the very next sequence number is believed (RFC 5961, section 3.2).
  if (flags & RST) {
    takeReset(flow, segment);
    return;
  }
  // Fourth: SYN. The peer may have forgotten us; its answer to the challenge will tell (RFC 5961, section 4.2).
  if (flags & SYN) {
    sendChallengeAck(flow);
    return;
  }
  // Fifth: ACK.
  if (!(flags & ACK)) {
    counters.dropped.badAcknowledgment += 1;
    return;
  }
  if (flow.state === "TIME-WAIT") return;
  flow.unansweredSince = undefined;
  flow.keepaliveAt = clock.now() + settings.keepaliveIdleMs;
  if (flow.state === "SYN-RECEIVED") {
    if (segment.acknowledgment !== flow.sndMax) {
      counters.dropped.badAcknowledgment += 1;
      refuseSegment(flow.context.output, counters, flow.remoteAddress, segment);
      return;
    }
    rememberTimestamp(flow, segment);
    establish(flow, segment);
  } else {
    rememberTimestamp(flow, segment);
    if (!acknowledge(flow, segment)) return;
  }
  // Seventh and eighth: text and FIN. The handlers that ran meanwhile may have closed the flow.
  if (receivesText(flow)) takeText(flow, segment);
}

function receivesText(flow: Flow): boolean {
  switch (flow.state) {
    case "ESTABLISHED":
    case "FIN-WAIT-1":
    case "FIN-WAIT-2":
      return true;
    default:
      return false;
  }
}

/** In part within the window. What begins at the next octet is always looked at, for its ACK, though the window be closed. */
function isAcceptable(flow: Flow, segment: TcpSegment): boolean {
  if (segment.sequence === flow.rcvNxt) return true;
  const length = sequenceLength(segment);
  const start = distance(flow.rcvNxt, segment.sequence);
  const window = distance(flow.rcvNxt, flow.rcvEdge);
  if (length === 0) return start >= 0 && start < window;
  return start < window && start + length > 0;
}

/** PAWS (RFC 7323, section 5.3). */
function isOldByTimestamp(flow: Flow, segment: TcpSegment): boolean {
  const { timestamps } = segment.options;
  if (!flow.timestamps || timestamps === undefined || segment.flags & RST) return false;
  if (!before(timestamps.value, flow.tsRecent)) return false;
  return flow.context.clock.now() - flow.tsRecentAt < TS_RECENT_VALID_MS;
}

/** RFC 7323, section 4.3: the timestamp to echo is that of the segment that our last acknowledgment was waiting for. */
function rememberTimestamp(flow: Flow, segment: TcpSegment): void {
  const { timestamps } = segment.options;
  if (!flow.timestamps || timestamps === undefined) return;
  if (before(timestamps.value, flow.tsRecent) || before(flow.lastAckSent, segment.sequence)) return;
  flow.tsRecent = timestamps.value;
  flow.tsRecentAt = flow.context.clock.now();
}

function takeReset(flow: Flow, segment: TcpSegment): void {
  // A late RST must not cut TIME-WAIT short (RFC 1337).
  if (flow.state === "TIME-WAIT") return;
  if (segment.sequence !== flow.rcvNxt) {
    sendChallengeAck(flow);
    return;
  }
  flow.context.counters.resetsIn += 1;
  closeFlow(flow, endByReset(flow));
}

function endByReset(flow: Flow): StreamEnd {
  switch (flow.state) {
    case "SYN-RECEIVED":
      return flow.passive ? "reset" : "refused";
    case "CLOSING":
    case "LAST-ACK":
      // Nothing but the ACK of our FIN was missing: no reset to the user (RFC 9293, section 3.10.7.4, second step).
      return flow.sendQueue.length === 0 ? "finished" : "reset";
    default:
      return "reset";
  }
}

/** Whether a SYN may open a new connection over one in TIME-WAIT (RFC 6191, section 2). */
export function mayReopen(flow: Flow, segment: TcpSegment): boolean {
  if (flow.state !== "TIME-WAIT" || (segment.flags & (SYN | ACK | RST)) !== SYN) return false;
  const { timestamps } = segment.options;
  if (flow.timestamps && timestamps !== undefined && before(flow.tsRecent, timestamps.value)) return true;
  return before(flow.rcvNxt, segment.sequence);
}
