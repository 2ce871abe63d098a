/** Above what one TCP window of a Linux guest can hold (6 MB), so that a fast transfer is never cut by its own burst. */
export const DEFAULT_LINK_QUEUE_BYTES = 8 * 1024 * 1024;

/** Totals of one client's link. Frames are counted in both framings alike. */
export interface LinkCounters {
  framesIn: number;
  framesOut: number;
  bytesIn: number;
  bytesOut: number;
  /** Frames among those out that the client cuts, and that reach its card as several. */
  largeOut: number;
  /** Messages whose framing made no sense, and frames of an impossible length: dropped. */
  malformedIn: number;
  /** Frames dropped because the client does not read what it is sent, or is away for longer than they can be held. */
  droppedOut: number;
}

export function newLinkCounters(): LinkCounters {
  return { framesIn: 0, framesOut: 0, bytesIn: 0, bytesOut: 0, largeOut: 0, malformedIn: 0, droppedOut: 0 };
}

export function addLinkCounters(sum: LinkCounters, more: LinkCounters): void {
  for (const key of Object.keys(sum) as (keyof LinkCounters)[]) sum[key] += more[key];
}
