import { collapse } from "./congestion.ts";
import { closeFlow } from "./deliver.ts";
import { restartRetransmit, sendAck, sendKeepalive, sendReset, sendSyn } from "./emit.ts";
import type { Flow } from "./flow.ts";
import { distance } from "./sequence.ts";
import { sendProbe, transmit } from "./transmit.ts";

const NEVER = Number.POSITIVE_INFINITY;

/** Does what is due at `now` (RFC 9293, section 3.10.8). */
export function timeoutsArrive(flow: Flow, now: number): void {
  if (now >= flow.timeWaitAt) {
    closeFlow(flow, "finished");
    return;
  }
  if (now >= flow.idleAt) {
    flow.context.counters.idleTimeouts += 1;
    sendReset(flow);
    closeFlow(flow, "timed-out");
    return;
  }
  if (now >= flow.delayedAckAt) sendAck(flow);
  if (now >= flow.retransmitAt) retransmissionTimeout(flow, now);
  if (now >= flow.persistAt) persistTimeout(flow, now);
  if (now >= flow.keepaliveAt) keepaliveTimeout(flow, now);
}

/**
 * The way to the peer was cut and is there again: what waits for a timer is sent now, however far that was backed off, and the
 * timers begin anew.
 */
export function pathRestored(flow: Flow, now: number): void {
  flow.roundTrip.backoffs = 0;
  flow.persistBackoffs = 0;
  if (flow.retransmitAt !== NEVER) flow.retransmitAt = now;
  if (flow.persistAt !== NEVER) flow.persistAt = now;
  timeoutsArrive(flow, now);
}

function retransmissionTimeout(flow: Flow, now: number): void {
  if (isGivenUp(flow, now)) return;
  const first = flow.roundTrip.backoffs === 0;
  flow.context.counters.retransmissionTimeouts += 1;
  flow.roundTrip.backoffs += 1;
  flow.timedSequence = undefined;
  if (flow.state === "SYN-SENT" || flow.state === "SYN-RECEIVED") {
    flow.retransmitAt = NEVER;
    sendSyn(flow);
    return;
  }
  collapse(flow.congestion, distance(flow.sndUna, flow.sndMax), flow.sndMss, first);
  flow.recovery = "timeout";
  flow.recoveryPoint = flow.sndMax;
  flow.duplicateAcks = 0;
  flow.duplicateOctets = 0;
  // The peer may have thrown away what it reported (RFC 2018, section 8).
  flow.scoreboard.clear();
  flow.sndNxt = flow.sndUna;
  restartRetransmit(flow);
  transmit(flow);
}

function persistTimeout(flow: Flow, now: number): void {
  if (isGivenUp(flow, now)) return;
  flow.persistBackoffs += 1;
  sendProbe(flow);
  const interval = flow.roundTrip.rtoMs * 2 ** Math.min(flow.persistBackoffs, 16);
  flow.persistAt = now + Math.min(interval, flow.context.settings.maxRtoMs);
}

function keepaliveTimeout(flow: Flow, now: number): void {
  if (isGivenUp(flow, now)) return;
  flow.keepaliveAt = now + flow.context.settings.keepaliveIdleMs;
  // What is under way asks for an answer already.
  if (flow.retransmitAt === NEVER && flow.persistAt === NEVER) sendKeepalive(flow);
}

/** Gives up a peer that has been asked for an answer for too long. */
function isGivenUp(flow: Flow, now: number): boolean {
  const { settings } = flow.context;
  const opens = flow.state === "SYN-SENT" || flow.state === "SYN-RECEIVED";
  flow.unansweredSince ??= now;
  const since = opens ? flow.openedAt : flow.unansweredSince;
  if (now - since < (opens ? settings.handshakeTimeoutMs : settings.userTimeoutMs)) return false;
  if (opens) flow.context.counters.handshakeTimeouts += 1;
  sendReset(flow);
  closeFlow(flow, "timed-out");
  return true;
}
