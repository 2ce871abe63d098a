const WARNING = /\b(?:warn(?:ing)?|error|fail(?:ed|ure)?|deprecated|corrupt(?:ed)?|BUG|Oops|WARNING)\b/i;
/** The kernel's own time. */
const KERNEL_TIME = /^\[\s*\d+\.\d+\] /;
const MOST = 200;

/** Lines of a console that warn, each once and without the kernel's time: two boots of an image have the same ones. */
export function warningsOf(console: string): string[] {
  const found = new Set<string>();
  for (const line of console.split("\n")) {
    if (!WARNING.test(line)) continue;
    found.add(line.replace(KERNEL_TIME, "").trim());
    if (found.size === MOST) break;
  }
  return [...found];
}
