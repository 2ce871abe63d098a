import type { Pattern } from "../plan.ts";

/**
 * Reads a regular expression: its text as it is, or `/text/flags`. Lines are what is looked at, so `^` and `$` stand for the
 * ends of each. Returns a sentence's second half where it is none.
 */
export function parsePattern(text: string): Pattern | string {
  if (text === "") return "is empty, which every text matches";
  const slashed = /^\/(.+)\/([a-z]*)$/s.exec(text);
  const source = slashed?.[1] ?? text;
  const flags = slashed?.[2] ?? "";
  const wrong = [...flags].find((flag) => !"imsu".includes(flag));
  if (wrong !== undefined) return `has the flag ${JSON.stringify(wrong)}: there is i, m, s and u`;
  try {
    const { flags: all } = new RegExp(source, [...new Set([...flags, "m"])].join(""));
    return { source, flags: all };
  } catch (error) {
    return `is no regular expression: ${(error as Error).message.replace(/^Invalid regular expression: /, "")}`;
  }
}
