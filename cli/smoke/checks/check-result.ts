/** How a check ended. */
export interface CheckResult {
  /** `run findmnt -n /` */
  readonly name: string;
  readonly passed: boolean;
  /** What was found, or why it was not: words for a person. */
  readonly detail: string;
  /** How long it took, from when its turn came. */
  readonly tookMs: number;
  /** Of a command: what it printed, cut at its beginning. */
  readonly output?: string;
  readonly status?: number;
}
