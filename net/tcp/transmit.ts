import { initialWindow } from "./congestion.ts";
import { isLarge, largePayloadLimit, payloadLimit, sendSegment } from "./emit.ts";
import { type Flow, sendsData } from "./flow.ts";
import { currentRtoMs } from "./round-trip.ts";
import { advance, before, distance, later, type SequenceNumber } from "./sequence.ts";

const NEVER = Number.POSITIVE_INFINITY;

/** Sends everything that the peer's window and the congestion window allow now: what was lost first, then what is new. */
export function transmit(flow: Flow): void {
  if (!sendsData(flow.state)) return;
  restartAfterIdle(flow);
  let pipe = inFlight(flow);
  flow.congestionLimited = false;
  for (;;) {
    const sent = (flow.recovery === "fast" ? sendLost(flow, pipe, false) : 0) || sendNext(flow, pipe);
    if (sent > 0) {
      pipe += sent;
      continue;
    }
    // Nothing new may leave: what looks missing, though not yet lost, is next (NextSeg rule 3 of RFC 6675).
    const repeated = flow.recovery === "fast" ? sendLost(flow, pipe, true) : 0;
    if (repeated === 0) break;
    pipe += repeated;
  }
  persistIfBlocked(flow);
}

/** Octets that are on their way as far as we know: the `pipe` of RFC 6675, section 4. */
export function inFlight(flow: Flow): number {
  const outstanding = distance(flow.sndUna, flow.sndNxt);
  if (!flow.sackPermitted) return Math.max(0, outstanding - flow.duplicateOctets);
  if (flow.scoreboard.octets === 0) return outstanding;
  const reported = outstanding - flow.scoreboard.missing(flow.sndUna, flow.sndNxt);
  const edge = flow.scoreboard.lossEdge(flow.sndMss);
  if (edge === undefined || flow.recovery === "timeout") return outstanding - reported;
  const retransmitted = flow.recovery === "fast" ? later(flow.sndUna, flow.highRxt) : flow.sndUna;
  return outstanding - reported - flow.scoreboard.missing(retransmitted, edge);
}

/** Repeats the oldest segment that is missing, whatever the windows say. */
export function retransmitFirst(flow: Flow): void {
  repeat(flow, flow.sndUna);
}

/** Repeats one lost segment, or with `suspected` one that merely has others above it. Returns what it added to the pipe. */
function sendLost(flow: Flow, pipe: number, suspected: boolean): number {
  if (!flow.sackPermitted || flow.congestion.window - pipe < flow.sndMss) return 0;
  const edge = suspected ? flow.scoreboard.highest : flow.scoreboard.lossEdge(flow.sndMss);
  if (edge === undefined) return 0;
  const sequence = flow.scoreboard.nextMissing(later(flow.sndUna, flow.highRxt));
  if (!before(sequence, edge)) return 0;
  return repeat(flow, sequence);
}

function repeat(flow: Flow, sequence: SequenceNumber): number {
  const limit = Math.min(payloadLimit(flow), distance(sequence, flow.sndMax));
  const sent = sendFrom(flow, sequence, flow.scoreboard.gap(sequence, limit));
  flow.highRxt = advance(sequence, sent);
  // A FIN that was queued meanwhile may have gone along for the first time.
  flow.sndNxt = later(flow.sndNxt, flow.highRxt);
  return sent;
}

/** Sends one segment from `sndNxt` on. Returns how far that moved it. */
function sendNext(flow: Flow, pipe: number): number {
  // After a time-out `sndNxt` runs through what was sent before; what has arrived is not sent again.
  if (flow.scoreboard.octets > 0) flow.sndNxt = flow.scoreboard.nextMissing(flow.sndNxt);
  const offset = distance(flow.sndUna, flow.sndNxt);
  const waiting = flow.sendQueue.length - offset;
  if (waiting < 0 || (waiting === 0 && !flow.finQueued)) return 0;
  const peerWindow = flow.sndWnd - offset;
  const congestionWindow = flow.congestion.window - pipe;
  const { nagle } = flow.context.settings;
  const whole = payloadLimit(flow);
  const isNew = !before(flow.sndNxt, flow.sndMax);
  const most = flow.scoreboard.gap(flow.sndNxt, isNew && !nagle ? largePayloadLimit(flow) : whole);
  const limit = Math.min(most, whole);
  let length = Math.max(0, Math.min(waiting, most, peerWindow, congestionWindow));
  // Of what has to wait, whole segments go ahead.
  if (length > whole && length < waiting) length -= length % whole;
  if (length < waiting && length < limit) {
    if (congestionWindow < peerWindow) flow.congestionLimited = true;
    // A window that opens by little gets nothing, or it would stay that small (RFC 9293, section 3.8.6.2.1).
    if (length === 0 || length < flow.maxSndWnd / 2) return 0;
  }
  if (length < waiting && length < deferBelow(flow, most, whole) && offset > 0) {
    if (congestionWindow < peerWindow) flow.congestionLimited = true;
    return 0;
  }
  if (length > whole && !isLarge(flow, length)) length = whole;
  const nagles = nagle && offset > 0 && !flow.finQueued;
  if (nagles && length < limit && isNew) return 0;
  const sent = sendFrom(flow, flow.sndNxt, length);
  flow.sndNxt = advance(flow.sndNxt, sent);
  return sent;
}

/**
 * Where segments may be large, fewer octets than this wait for the acknowledgments that are on their way: several of them open
 * the window for one large segment. A quarter of the window at most, so that the pipe does not run empty.
 */
function deferBelow(flow: Flow, most: number, whole: number): number {
  if (most <= whole) return 0;
  return Math.min(most, Math.floor(Math.min(flow.sndWnd, flow.congestion.window) / 4));
}

/** Sends at most `limit` octets from `sequence` on, with the FIN where it follows them. Returns the sequence space used. */
function sendFrom(flow: Flow, sequence: SequenceNumber, limit: number): number {
  const waiting = flow.sendQueue.length - distance(flow.sndUna, sequence);
  const length = Math.min(waiting, limit);
  const fin = flow.finQueued && length === waiting;
  sendSegment(flow, sequence, length, fin);
  return length + (fin ? 1 : 0);
}

/** After a pause longer than the time-out the window says nothing about the path any more (RFC 5681, section 4.1). */
function restartAfterIdle(flow: Flow): void {
  const { clock, settings } = flow.context;
  if (flow.sndUna !== flow.sndMax) return;
  if (clock.now() - flow.lastSentAt <= currentRtoMs(flow.roundTrip, settings.maxRtoMs)) return;
  const restart = initialWindow(flow.sndMss, settings.initialWindowSegments);
  flow.congestion.window = Math.min(flow.congestion.window, restart);
}

/** Something waits, nothing is under way that would be answered: probe until the window opens (RFC 9293, section 3.8.6.1). */
function persistIfBlocked(flow: Flow): void {
  const { clock, settings } = flow.context;
  const blocked = flow.sndNxt === flow.sndUna && (flow.sendQueue.length > 0 || flow.finQueued);
  if (!blocked) {
    flow.persistAt = NEVER;
    return;
  }
  flow.retransmitAt = NEVER;
  if (flow.persistAt !== NEVER) return;
  const interval = flow.roundTrip.rtoMs * 2 ** Math.min(flow.persistBackoffs, 16);
  flow.persistAt = clock.now() + Math.min(interval, settings.maxRtoMs);
}

/** Sends one octet into the closed window, or as much as there is room for. It stays the next to be sent. */
export function sendProbe(flow: Flow): void {
  flow.context.counters.zeroWindowProbes += 1;
  const limit = Math.max(1, Math.min(flow.sndWnd, payloadLimit(flow)));
  sendFrom(flow, flow.sndUna, limit);
  flow.retransmitAt = NEVER;
}
