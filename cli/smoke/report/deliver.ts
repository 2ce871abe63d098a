import { writeOutput } from "./artefacts.ts";
import { githubAnnotations } from "./github.ts";
import { htmlReport } from "./html.ts";
import { jsonReport } from "./json.ts";
import { junitReport } from "./junit.ts";
import type { RunReport } from "./run-report.ts";
import { tapReport } from "./tap.ts";

/** Which reports are wanted. Paths are absolute. */
export interface ReportOptions {
  /** What goes to standard output. */
  readonly stdout?: "json" | "tap";
  readonly junit?: string;
  readonly html?: string;
  /** Whether GitHub Actions runs this. */
  readonly github: boolean;
}

/** Writes the reports. Rejects with a `SmokeError` where a file cannot be written. */
export async function deliver(
  run: RunReport,
  { stdout, junit, html, github }: ReportOptions,
  write: (text: string) => void,
): Promise<void> {
  if (stdout === "json") write(jsonReport(run));
  else if (stdout === "tap") write(tapReport(run));
  // A workflow command is looked for on standard output; JSON has no place for one.
  if (github && stdout !== "json") for (const line of githubAnnotations(run)) write(`${line}\n`);
  if (junit !== undefined) await writeOutput(junit, junitReport(run));
  if (html !== undefined) await writeOutput(html, htmlReport(run));
}
