import type { Clock } from "../../net/clock.ts";
import type { FrameSink } from "../../net/segment/frame.ts";
import type { GuardCounters, PortGuard } from "../../net/segment/port-guard.ts";
import { PortRate } from "../../net/segment/port-rate.ts";
import type { Port, PortCounters, Segment } from "../../net/segment/segment.ts";
import type { ClientLimits } from "./limits.ts";

/** Frames that were dropped between a client and its segment, by reason. */
export interface ClientDrops extends GuardCounters {
  /** The client sent more than it may. */
  overRateIn: number;
  /** More was sent to the client than it may get. */
  overRateOut: number;
}

/** Where a client is plugged in. */
export interface ClientPort {
  readonly counters: Readonly<PortCounters>;
  drops(): ClientDrops;
  /** Takes a frame from the client. Does nothing after `detach`. */
  send: FrameSink;
  /**
   * Takes back frames that were delivered, from the only one who got them: their memory is used again. Never where several
   * stations share the segment.
   */
  sent(frames: readonly Uint8Array[]): void;
  /** The client was away for a while: its connections go on at once. */
  resumed(): void;
  /** Pulls the plug: the client's address is free, its connections are reset. */
  detach(): void;
}

export interface ClientPlug {
  readonly segment: Segment;
  readonly serverPort: Port;
  readonly guard: PortGuard;
  readonly limits: Pick<ClientLimits, "bytesPerSecond" | "packetsPerSecond">;
  readonly clock: Clock;
  /** Takes frames to the client. */
  readonly deliver: FrameSink;
  readonly sent: (frames: readonly Uint8Array[]) => void;
  readonly resumed: () => void;
  /** The client is going, and can still be sent something. */
  readonly leaving: () => void;
}

/** Plugs a client into a segment, behind its guard and its limits. */
export function plugInClient(plug: ClientPlug): ClientPort {
  const { segment, serverPort, guard, limits, clock, deliver, sent, resumed, leaving } = plug;
  const [fromClient, toClient] = [new PortRate({ clock, ...limits }), new PortRate({ clock, ...limits })];
  const port = segment.attach((frame) => {
    if (toClient.admit(frame)) deliver(frame);
  });
  let attached = true;
  return {
    counters: port.counters,
    drops: () => ({ ...guard.counters, overRateIn: fromClient.dropped, overRateOut: toClient.dropped }),
    send: (frame) => {
      if (!attached || !fromClient.admit(frame)) return;
      const passage = guard.judge(frame);
      if (passage === "segment") port.send(frame);
      else if (passage === "server") port.sendTo(serverPort, frame);
    },
    sent,
    resumed,
    detach: () => {
      if (!attached) return;
      attached = false;
      leaving();
      port.detach();
    },
  };
}
