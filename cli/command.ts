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

/** The one of `names` that was probably meant: at most two letters are wrong. */
export function closest(word: string, names: readonly string[]): string | undefined {
  const [best] = names
    .map((name) => ({ name, distance: editDistance(word, name) }))
    .filter(({ distance }) => distance <= 2)
    .sort((a, b) => a.distance - b.distance);
  return best?.name;
}

/** Levenshtein distance, a row at a time. */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const replaced = row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(replaced, row[j]! + 1, next[j - 1]! + 1));
    }
    row = next;
  }
  return row[b.length]!;
}
