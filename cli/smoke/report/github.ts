import type { RunReport } from "./run-report.ts";

/**
 * Workflow commands by which a job of GitHub Actions annotates itself: an error a case that did not pass, a warning one that is
 * flaky.
 */
export function githubAnnotations({ cases, disagreements = [] }: RunReport): string[] {
  const apart = disagreements.map(({ case: name, message }) =>
    command("error", `netroot smoke: ${name}`, message),
  );
  const each = cases.flatMap(({ name, verdict, diagnosis, flaky, attempts }) => {
    if (flaky)
      return [command("warning", `netroot smoke: ${name}`, `It passed on attempt ${attempts} only.`)];
    if (verdict === "passed") return [];
    const message =
      diagnosis === undefined
        ? verdict
        : `At ${diagnosis.milestone}: ${diagnosis.message}\n${diagnosis.cause}`;
    return [command("error", `netroot smoke: ${name}`, message)];
  });
  return [...each, ...apart];
}

function command(kind: "error" | "warning", title: string, message: string): string {
  return `::${kind} title=${property(title)}::${data(message)}`;
}

function data(value: string): string {
  return value.replace(/%/g, "%25").replace(/\r/g, "%0D").replace(/\n/g, "%0A");
}

function property(value: string): string {
  return data(value).replace(/:/g, "%3A").replace(/,/g, "%2C");
}
