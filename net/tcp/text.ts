import { deliver, endReached, enterTimeWait } from "./deliver.ts";
import { sendAck, windowGain } from "./emit.ts";
import { type Flow, noteActivity } from "./flow.ts";
import { advance, before, distance } from "./sequence.ts";
import { FIN, type TcpSegment } from "./wire.ts";

/** The text and the FIN of an acceptable segment (RFC 9293, section 3.10.7.4, seventh and eighth step). */
export function takeText(flow: Flow, segment: TcpSegment): void {
  const { payload } = segment;
  const fin = (segment.flags & FIN) !== 0;
  if (payload.length === 0 && !fin) return;
  const behind = Math.max(0, distance(segment.sequence, flow.rcvNxt));
  const room = distance(segment.sequence, flow.rcvEdge);
  const end = Math.min(payload.length, Math.max(room, 0));
  const text = payload.subarray(Math.min(behind, end), end);
  if (fin && end === payload.length) flow.rcvFin ??= advance(segment.sequence, payload.length);
  const inOrder = !before(flow.rcvNxt, segment.sequence);
  const filled = inOrder
    ? takeInOrder(flow, text)
    : keepForLater(flow, advance(segment.sequence, behind), text);
  const finNow = flow.rcvFin === flow.rcvNxt;
  if (finNow) flow.rcvNxt = advance(flow.rcvNxt, 1);
  // At once for what was out of order, filled a gap, was sent again or did not fit; else every second (RFC 5681, section 4.2).
  const urgent = !inOrder || filled || finNow || text.length < payload.length;
  flow.segmentsToAcknowledge += 1;
  const { clock, settings } = flow.context;
  if (urgent || flow.segmentsToAcknowledge >= 2) sendAck(flow);
  else if (flow.delayedAckAt === Number.POSITIVE_INFINITY)
    flow.delayedAckAt = clock.now() + settings.delayedAckMs;
  if (finNow) afterPeerFin(flow);
  deliver(flow);
}

/** Returns whether a gap was filled. */
function takeInOrder(flow: Flow, text: Uint8Array): boolean {
  if (text.length > 0) {
    noteActivity(flow, flow.context.clock.now());
    receive(flow, text);
    flow.rcvNxt = advance(flow.rcvNxt, text.length);
  }
  if (flow.reassembly.pieces === 0) return false;
  flow.rcvNxt = flow.reassembly.take(flow.rcvNxt, (bytes) => receive(flow, bytes));
  return true;
}

function keepForLater(flow: Flow, sequence: number, text: Uint8Array): boolean {
  const { counters } = flow.context;
  counters.outOfOrder += 1;
  if (text.length > 0 && !flow.reassembly.insert(sequence, text)) counters.dropped.outOfOrderFull += 1;
  return false;
}

function receive(flow: Flow, bytes: Uint8Array): void {
  flow.context.counters.octetsIn += bytes.length;
  flow.received.push(bytes);
  flow.receivedOctets += bytes.length;
}

/** The peer's FIN is in order: the states go on. */
function afterPeerFin(flow: Flow): void {
  switch (flow.state) {
    case "ESTABLISHED":
      flow.state = "CLOSE-WAIT";
      return;
    case "FIN-WAIT-1":
      flow.state = "CLOSING";
      return;
    case "FIN-WAIT-2":
      enterTimeWait(flow);
      return;
    default:
      return;
  }
}

/** The reader goes on: hands over what waits, and tells the peer of the room that this made. */
export function resumeReading(flow: Flow): void {
  flow.paused = false;
  deliver(flow);
  if (flow.state === "CLOSED" || flow.paused || endReached(flow)) return;
  const known = distance(flow.rcvNxt, flow.rcvEdge);
  if (known < flow.context.settings.receiveWindow / 2 && windowGain(flow) > 0) sendAck(flow);
}
