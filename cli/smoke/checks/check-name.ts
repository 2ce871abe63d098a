import type { Check, Pattern } from "../plan.ts";

const LONGEST = 120;

/** What a check is called in reports. */
export function checkName(check: Check): string {
  switch (check.kind) {
    case "expect":
    case "screen":
      return cut(`${check.kind} ${patternName(check.pattern)}`);
    case "run":
      return cut(`run ${check.command}`);
    case "login":
      return `login ${check.user}`;
    default:
      return check satisfies never;
  }
}

export function patternName({ source, flags }: Pattern): string {
  return `/${source}/${flags.replace("m", "")}`;
}

function cut(text: string): string {
  return text.length > LONGEST ? `${text.slice(0, LONGEST - 1)}…` : text;
}
