import type { StreamEnd } from "../stream/stream.ts";
import type { Flow } from "./flow.ts";

const NEVER = Number.POSITIVE_INFINITY;

/**
 * Tells the handler what it has not been told, in order: data, the peer's end, that the flow is over. Stops at a pause.
 * The handler may call the stream meanwhile, so every step looks at the flow anew.
 */
export function deliver(flow: Flow): void {
  const { handler } = flow;
  if (handler === undefined || flow.delivering) return;
  flow.delivering = true;
  while (!flow.paused && flow.received.length > 0) {
    const pending = flow.received;
    flow.received = [];
    for (let index = 0; index < pending.length; index += 1) {
      // Paused or aborted by the piece before: keep the rest, unless there is nobody left to have it.
      if (flow.paused || discards(flow.end)) {
        if (!discards(flow.end)) flow.received = pending.slice(index).concat(flow.received);
        break;
      }
      const bytes = pending[index]!;
      flow.receivedOctets -= bytes.length;
      handler.data(bytes);
    }
  }
  if (flow.received.length === 0 && !flow.paused && !flow.endDelivered && endReached(flow)) {
    flow.endDelivered = true;
    if (!discards(flow.end)) handler.end();
  }
  if (flow.end !== undefined && (flow.endDelivered || discards(flow.end))) {
    flow.handler = undefined;
    handler.closed(flow.end);
  }
  flow.delivering = false;
}

/** The peer's FIN has been reached: all before it has arrived. */
export function endReached(flow: Flow): boolean {
  return flow.rcvFin !== undefined && flow.rcvNxt === (flow.rcvFin + 1) >>> 0;
}

/** Both directions are closed and acknowledged: linger for what may still be on its way (RFC 9293, section 3.6.1). */
export function enterTimeWait(flow: Flow): void {
  flow.state = "TIME-WAIT";
  disarm(flow);
  flow.timeWaitAt = flow.context.clock.now() + flow.context.settings.timeWaitMs;
  flow.end = "finished";
  flow.context.ended(flow);
  deliver(flow);
}

/** The flow is over. What a paused reader has not seen is kept for it only if the end was an orderly one. */
export function closeFlow(flow: Flow, end: StreamEnd): void {
  if (flow.state === "CLOSED") return;
  flow.state = "CLOSED";
  disarm(flow);
  flow.sendQueue.clear();
  flow.reassembly.clear();
  flow.scoreboard.clear();
  flow.end ??= end;
  if (discards(flow.end)) {
    flow.received = [];
    flow.receivedOctets = 0;
  }
  flow.context.ended(flow);
  deliver(flow);
}

function disarm(flow: Flow): void {
  flow.retransmitAt = NEVER;
  flow.persistAt = NEVER;
  flow.delayedAckAt = NEVER;
  flow.keepaliveAt = NEVER;
  flow.timeWaitAt = NEVER;
  flow.idleAt = NEVER;
}

function discards(end: StreamEnd | undefined): boolean {
  return end !== undefined && end !== "finished";
}
