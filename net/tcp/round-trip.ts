/** The round-trip time and what follows from it (RFC 6298). Milliseconds. */
export interface RoundTrip {
  /** 0 until the first measurement. */
  smoothedMs: number;
  variationMs: number;
  rtoMs: number;
  /** How often the timer has expired since something new was acknowledged. */
  backoffs: number;
}

/** Granularity of our measurements: that of the timestamps that we send. */
const GRANULARITY_MS = 1;

/** RFC 6298, section 2.1. */
export const INITIAL_RTO_MS = 1000;

export function createRoundTrip(): RoundTrip {
  return { smoothedMs: 0, variationMs: 0, rtoMs: INITIAL_RTO_MS, backoffs: 0 };
}

/** Takes one measurement (RFC 6298, sections 2.2 and 2.3). */
export function measure(roundTrip: RoundTrip, sampleMs: number, minMs: number, maxMs: number): void {
  const sample = Math.max(sampleMs, GRANULARITY_MS);
  if (roundTrip.smoothedMs === 0) {
    roundTrip.smoothedMs = sample;
    roundTrip.variationMs = sample / 2;
  } else {
    const error = Math.abs(roundTrip.smoothedMs - sample);
    roundTrip.variationMs += (error - roundTrip.variationMs) / 4;
    roundTrip.smoothedMs += (sample - roundTrip.smoothedMs) / 8;
  }
  const rto = roundTrip.smoothedMs + Math.max(GRANULARITY_MS, 4 * roundTrip.variationMs);
  roundTrip.rtoMs = Math.min(Math.max(rto, minMs), maxMs);
}

/** How long to wait now, backed off as often as the timer has expired (RFC 6298, section 5.5). */
export function currentRtoMs(roundTrip: RoundTrip, maxMs: number): number {
  return Math.min(roundTrip.rtoMs * 2 ** Math.min(roundTrip.backoffs, 16), maxMs);
}
