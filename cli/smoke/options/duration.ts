const UNITS_MS = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 } as const;
/** What a timer of the platform holds (2^31 − 1 ms). */
const MOST_MS = 2 ** 31 - 1;

/** Reads `90` (seconds), `90s`, `2m`, `1.5m`, `500ms`; milliseconds, more than none. Undefined where it is no duration. */
export function parseDuration(text: string): number | undefined {
  const match = /^(\d{1,9}(?:\.\d{1,3})?)(ms|s|m|h)?$/.exec(text);
  if (!match) return undefined;
  const ms = Math.round(Number(match[1]) * UNITS_MS[(match[2] ?? "s") as keyof typeof UNITS_MS]);
  return ms > 0 && ms <= MOST_MS ? ms : undefined;
}
