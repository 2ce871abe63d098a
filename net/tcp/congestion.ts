/** NewReno's state (RFC 5681, RFC 6582). Octets. */
export interface Congestion {
  window: number;
  slowStartThreshold: number;
  /** Octets acknowledged since congestion avoidance last opened the window (RFC 3465). */
  acknowledged: number;
}

/** Most segments that one acknowledgment counts for in slow start (RFC 9406, section 4.2): peers acknowledge many at once. */
const SLOW_START_SEGMENTS = 8;

const NO_THRESHOLD = 0x7fffffff;

export function createCongestion(): Congestion {
  return { window: 0, slowStartThreshold: NO_THRESHOLD, acknowledged: 0 };
}

/** The initial window: `segments` of them, but no more than RFC 6928 allows for large ones. */
export function initialWindow(mss: number, segments: number): number {
  return Math.min(segments * mss, Math.max(2 * mss, segments * 1460));
}

/** Opens the window after new data was acknowledged (RFC 5681, section 3.1). */
export function grow(congestion: Congestion, acknowledged: number, mss: number): void {
  if (congestion.window < congestion.slowStartThreshold) {
    congestion.window += Math.min(acknowledged, SLOW_START_SEGMENTS * mss);
    return;
  }
  congestion.acknowledged += acknowledged;
  if (congestion.acknowledged >= congestion.window) {
    congestion.acknowledged -= congestion.window;
    congestion.window += mss;
  }
}

/** Halves the window at the start of a fast recovery. */
export function halve(congestion: Congestion, inFlight: number, mss: number): void {
  lowerThreshold(congestion, inFlight, mss);
  congestion.window = congestion.slowStartThreshold;
}

/** Starts again from one segment after a time-out. The threshold falls only on the first of a row (RFC 5681, section 3.1). */
export function collapse(congestion: Congestion, inFlight: number, mss: number, first: boolean): void {
  if (first) lowerThreshold(congestion, inFlight, mss);
  congestion.window = mss;
  congestion.acknowledged = 0;
}

function lowerThreshold(congestion: Congestion, inFlight: number, mss: number): void {
  congestion.slowStartThreshold = Math.max(Math.floor(inFlight / 2), 2 * mss);
  congestion.acknowledged = 0;
}
