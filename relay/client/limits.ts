import type { TcpSettings } from "../../net/tcp/settings.ts";
import type { Configuration } from "../config/schema.ts";

/** What one client may take of the relay. */
export interface ClientLimits {
  /** TCP connections that may be open at once, half-open ones included. One more is refused with a RST. */
  readonly tcpFlows: number;
  /** TCP connections whose handshake is not complete. Over it the oldest goes. */
  readonly tcpHalfOpen: number;
  /** How long a handshake may take. */
  readonly tcpHalfOpenSeconds: number;
  /** A connection through which nothing went for so long is reset; 0 for never. */
  readonly tcpIdleSeconds: number;
  /** In each direction; what is over it is dropped. */
  readonly bytesPerSecond: number;
  readonly packetsPerSecond: number;
}

/**
 * Above what one guest reaches: reading its root, the fastest got 200 MB/s in frames of 9000 bytes, and sent 70,000
 * acknowledgments a second in frames of 1500. Idle connections stay: a root whose blocks are all in the guest's memory is
 * not read for days.
 */
export const DEFAULT_CLIENT_LIMITS: ClientLimits = {
  tcpFlows: 128,
  tcpHalfOpen: 32,
  tcpHalfOpenSeconds: 60,
  tcpIdleSeconds: 0,
  bytesPerSecond: 1_000_000_000,
  packetsPerSecond: 250_000,
};

/** The bounds of a gateway whose peers are clients that cannot take each other's addresses. */
export function tcpSettings(limits: ClientLimits): Partial<TcpSettings> {
  return {
    // The number of clients bounds what all of them have.
    maxFlows: Number.POSITIVE_INFINITY,
    maxFlowsPerPeer: limits.tcpFlows,
    maxHalfOpenPerPeer: limits.tcpHalfOpen,
    handshakeTimeoutMs: limits.tcpHalfOpenSeconds * 1000,
    idleTimeoutMs: limits.tcpIdleSeconds === 0 ? Number.POSITIVE_INFINITY : limits.tcpIdleSeconds * 1000,
  };
}

/** `[limits]` of netroot.toml, as far as it is about one client. */
export function clientLimits(table: Configuration["limits"]): ClientLimits {
  return {
    tcpFlows: table.tcp_flows,
    tcpHalfOpen: table.tcp_half_open,
    tcpHalfOpenSeconds: table.tcp_half_open_seconds,
    tcpIdleSeconds: table.tcp_idle_seconds,
    bytesPerSecond: table.bytes_per_second,
    packetsPerSecond: table.packets_per_second,
  };
}
