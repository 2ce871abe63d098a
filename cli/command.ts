/** Exit codes, the same for every command. */
export const EXIT = {
  passed: 0,
  imageFailed: 1,
  usage: 2,
  skipped: 77,
  /** Our own infrastructure failed: a port in use, a missing tool. */
  infrastructure: 99,
  timedOut: 124,
  interrupted: 130,
} as const;

/** Where a boot tree is looked for unless another one is named. */
export const DEFAULT_TREE = "./.netroot";

/** Wrong arguments, or a configuration that makes no sense: exit 2. The message is a sentence for a person. */
export class UsageError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "UsageError";
  }
}
