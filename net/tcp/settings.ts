/** The bounds and times of an endpoint. Times are milliseconds, sizes octets. */
export interface TcpSettings {
  /** Flows that may exist at once, TIME-WAIT aside. One more is refused with a RST. */
  readonly maxFlows: number;
  /** The same for one remote address. */
  readonly maxFlowsPerPeer: number;
  /** Flows in SYN-RECEIVED. Over the bound the oldest goes. */
  readonly maxHalfOpen: number;
  /** The same for one remote address. */
  readonly maxHalfOpenPerPeer: number;
  /** Flows in TIME-WAIT. Over the bound the oldest goes early. */
  readonly maxTimeWait: number;
  /** Most that we hold for a paused reader and out of order: the window that we offer. */
  readonly receiveWindow: number;
  /** Segments held out of order. Over the bound the newest is dropped: the peer repeats it. */
  readonly maxOutOfOrder: number;
  /** `write` returns false from this many queued and unacknowledged octets on … */
  readonly sendHighWater: number;
  /** … and `drained` is called when no more than this are left. */
  readonly sendLowWater: number;
  /** A writer that goes on regardless is reset at this many. */
  readonly sendLimit: number;
  /** The congestion window to begin with (RFC 6928 allows 10 segments). */
  readonly initialWindowSegments: number;
  /** Hold back a small segment while another is unacknowledged (RFC 9293, section 3.7.4). */
  readonly nagle: boolean;
  readonly delayedAckMs: number;
  /** RFC 6298 asks for a second; that is for the Internet of 2000, and Linux and the BSDs use less as well. */
  readonly minRtoMs: number;
  readonly maxRtoMs: number;
  /** An open that has not succeeded by then is given up. */
  readonly handshakeTimeoutMs: number;
  /**
   * A peer that has not answered for this long is given up (RFC 9293, section 3.8.3). Long, because a machine that is
   * paused together with its network card is not dead.
   */
  readonly userTimeoutMs: number;
  /** After this long without a segment the peer is asked for a sign of life; `Infinity` never asks. */
  readonly keepaliveIdleMs: number;
  /**
   * A flow without data in either direction for this long is reset; `Infinity` never resets one. Never by default, because
   * nothing is wrong with it: a root whose blocks are all in the guest's memory is not read for days, and a peer that is gone
   * is found by `keepaliveIdleMs` and `userTimeoutMs`.
   */
  readonly idleTimeoutMs: number;
  /** How long TIME-WAIT lasts: 2 MSL, with an MSL that fits one segment of a virtual network. */
  readonly timeWaitMs: number;
  /** At most one challenge ACK a flow in this time (RFC 5961, section 7). */
  readonly challengeAckIntervalMs: number;
}

export const DEFAULT_SETTINGS: TcpSettings = {
  maxFlows: 1024,
  maxFlowsPerPeer: 128,
  maxHalfOpen: 1024,
  maxHalfOpenPerPeer: 64,
  maxTimeWait: 256,
  receiveWindow: 256 * 1024,
  maxOutOfOrder: 512,
  sendHighWater: 1024 * 1024,
  sendLowWater: 512 * 1024,
  sendLimit: 64 * 1024 * 1024,
  initialWindowSegments: 10,
  nagle: false,
  delayedAckMs: 40,
  minRtoMs: 200,
  maxRtoMs: 60_000,
  handshakeTimeoutMs: 60_000,
  userTimeoutMs: 30 * 60_000,
  keepaliveIdleMs: 2 * 60_000,
  idleTimeoutMs: Number.POSITIVE_INFINITY,
  timeWaitMs: 4_000,
  challengeAckIntervalMs: 500,
};
