import type { Diagnosis, Symptoms } from "./diagnosis.ts";
import { RULES } from "./rules.ts";

/** Names the likely cause of a failed boot: the first rule that fits says it, else what was watched has its own words. */
export function diagnose(symptoms: Symptoms): Diagnosis {
  const lines = symptoms.console.split("\n");
  for (const rule of RULES) {
    if (!rule.after.includes(symptoms.code)) continue;
    if (rule.when !== undefined && !rule.when(symptoms)) continue;
    const evidence = rule.line === undefined ? undefined : lines.find((line) => rule.line!.test(line));
    if (rule.line !== undefined && evidence === undefined) continue;
    const { code, milestone, message } = symptoms;
    return {
      code: rule.code ?? code,
      milestone: rule.milestone ?? milestone,
      message: rule.message ?? message,
      cause: rule.cause,
      ...(evidence !== undefined && { evidence: evidence.trim() }),
    };
  }
  const { code, milestone, message, advice } = symptoms;
  const evidence = tellingLine(lines);
  return {
    code,
    milestone,
    message,
    cause: advice,
    ...(evidence !== undefined && { evidence: evidence.trim() }),
  };
}

/** Lines that are likely to say why, the most telling kind first. */
const TELLING: readonly RegExp[] = [
  /(?<!\[ end )Kernel panic - not syncing/,
  /FATAL:/,
  /I\/O error/,
  /dracut-initqueue.*time|Could not boot|Warning: .*does not exist$/,
];

function tellingLine(lines: readonly string[]): string | undefined {
  for (const kind of TELLING) {
    const line = lines.find((each) => kind.test(each));
    if (line !== undefined) return line;
  }
  return undefined;
}
