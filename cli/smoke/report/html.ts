import { MILESTONES } from "../../../worker/interface.ts";
import { blocksOf } from "../boot/block-map.ts";
import type { CaseReport, RootReads } from "./case-report.ts";
import { comparisonLines } from "./comparison.ts";
import { HTML_STYLE } from "./html-style.ts";
import type { RunReport } from "./run-report.ts";
import { stepsOf } from "./steps.ts";

/** One page that needs nothing beside it: no script, no font, no picture from elsewhere. */
export function htmlReport({ verdict, cases, disagreements = [] }: RunReport): string {
  return [
    "<!doctype html>",
    '<html lang="en"><head><meta charset="utf-8">',
    '<meta name="viewport" content="width=device-width, initial-scale=1">',
    `<title>netroot smoke: ${text(VERDICTS[verdict])}</title>`,
    `<style>${HTML_STYLE}</style></head><body>`,
    `<h1 class="${verdict}">netroot smoke: ${text(VERDICTS[verdict])}</h1>`,
    ...disagreements.map(({ case: name, message }) => `<p class="cause">${text(name)}: ${text(message)}</p>`),
    ...cases.flatMap(caseSection),
    "</body></html>",
    "",
  ].join("\n");
}

const VERDICTS: Readonly<Record<CaseReport["verdict"], string>> = {
  passed: "passed",
  imageFailed: "the image failed",
  usage: "not run",
  infrastructure: "not run",
  timedOut: "timed out",
  interrupted: "interrupted",
};

function caseSection(report: CaseReport): string[] {
  const { name, verdict, diagnosis, warnings, comparison, root, traffic = [], screen } = report;
  const flaky = report.flaky ? `, flaky: it passed on attempt ${report.attempts}` : "";
  const compared = comparison === undefined ? [] : comparisonLines(comparison, root?.blockBytes);
  return [
    "<section>",
    `<h2 class="${verdict}">${text(name)}: ${text(VERDICTS[verdict] + flaky)}</h2>`,
    facts(report),
    ...(diagnosis === undefined
      ? []
      : [
          `<p class="cause"><strong>At ${text(diagnosis.milestone)}: ${text(diagnosis.message)}</strong> ${text(diagnosis.cause)}</p>`,
          ...(diagnosis.evidence === undefined ? [] : [`<pre>${text(diagnosis.evidence)}</pre>`]),
        ]),
    ...part("Timeline", timeline(report)),
    ...part("Checks and milestones", steps(report)),
    ...part(
      "Against the earlier report",
      list(comparison !== undefined && compared.length === 0 ? ["nothing is worse"] : compared),
    ),
    ...part("Blocks of the root that were read", root === undefined ? [] : blockMap(root)),
    ...part("Packets", packets(traffic)),
    ...part("Warnings", list(warnings)),
    ...part("Screen", screen === "" ? [] : [`<pre>${text(screen)}</pre>`]),
    ...part("Console", report.console === "" ? [] : [`<pre class="console">${text(report.console)}</pre>`]),
    "</section>",
  ];
}

function part(title: string, content: readonly string[]): string[] {
  return content.length === 0 ? [] : [`<h3>${title}</h3>`, ...content];
}

function list(lines: readonly string[]): string[] {
  return lines.length === 0 ? [] : ["<ul>", ...lines.map((line) => `<li>${text(line)}</li>`), "</ul>"];
}

function facts(report: CaseReport): string {
  const { image, engine, boot, nic, memoryMiB, append, startedAt, durationMs } = report;
  const rows = {
    image,
    engine,
    boot,
    nic,
    memory: `${memoryMiB} MiB`,
    "command line": append,
    begun: startedAt,
  };
  const all = Object.entries({ ...rows, took: seconds(durationMs) });
  return `<dl>${all.map(([key, value]) => `<dt>${key}</dt><dd>${text(value)}</dd>`).join("")}</dl>`;
}

/** A bar a milestone, from the one before it to its own time, on one scale. */
function timeline({ milestones }: CaseReport): string[] {
  const timed = milestones
    .filter(({ state, atMs }) => atMs !== undefined && (state === "done" || state === "failed"))
    .toSorted((a, b) => a.atMs! - b.atMs!);
  const end = Math.max(1, timed.at(-1)?.atMs ?? 1);
  let before = 0;
  return timed.length === 0
    ? []
    : [
        '<div class="timeline">',
        ...timed.map(({ name, state, atMs = 0, detail = "" }) => {
          const [left, width] = [(100 * before) / end, (100 * (atMs - before)) / end];
          before = atMs;
          const caption = MILESTONES.find((each) => each.name === name)!.caption;
          return [
            `<span title="${text(caption)}">${name}</span>`,
            `<span class="track"><i class="${state}" style="left:${left.toFixed(2)}%;width:${width.toFixed(2)}%"></i></span>`,
            `<span>${seconds(atMs)}</span><span>${text(detail)}</span>`,
          ].join("");
        }),
        "</div>",
      ];
}

function steps(report: CaseReport): string[] {
  return [
    "<table><tr><th>step</th><th>result</th><th>took</th><th>detail</th></tr>",
    ...stepsOf(report).map(
      ({ name, state, tookMs, detail = "" }) =>
        `<tr class="${state}"><td>${text(name)}</td><td>${state}</td><td>${seconds(Math.max(0, tookMs))}</td><td>${text(detail)}</td></tr>`,
    ),
    "</table>",
  ];
}

const MAP_COLUMNS = 64;

/** A square a block, or several blocks where the image is large; those that are new against the earlier report stand out. */
function blockMap({
  export: name,
  kind,
  sizeBytes,
  readBytes,
  requests,
  blockBytes,
  blocks,
}: RootReads): string[] {
  const total = Math.ceil(sizeBytes / blockBytes);
  if (total === 0 || blocks.length === 0) return [];
  const perCell = Math.max(1, Math.ceil(total / (MAP_COLUMNS * MAP_COLUMNS)));
  const cells = new Map<number, number>();
  for (const block of blocksOf(blocks)) {
    const cell = Math.floor(block / perCell);
    cells.set(cell, (cells.get(cell) ?? 0) + 1);
  }
  const rows = Math.ceil(total / perCell / MAP_COLUMNS);
  const squares = [...cells].map(([cell, count]) => {
    const [x, y] = [cell % MAP_COLUMNS, Math.floor(cell / MAP_COLUMNS)];
    return `<rect x="${x}" y="${y}" width="0.9" height="0.9" opacity="${(0.35 + (0.65 * count) / perCell).toFixed(2)}"/>`;
  });
  const what = `${name} over ${kind === "nbd" ? "NBD" : "AoE"}: ${(readBytes / 1e6).toFixed(1)} MB in ${requests} reads`;
  return [
    `<p>${text(what)}, of ${(sizeBytes / 1e6).toFixed(1)} MB. A square is ${(perCell * blockBytes) / 1024} KiB.</p>`,
    `<svg class="blocks" viewBox="0 0 ${MAP_COLUMNS} ${rows}">${squares.join("")}</svg>`,
  ];
}

function packets(traffic: NonNullable<CaseReport["traffic"]>): string[] {
  if (traffic.length === 0) return [];
  return [
    "<table><tr><th>protocol</th><th>frames</th><th>bytes</th></tr>",
    ...traffic.map(
      ({ protocol, frames, bytes }) =>
        `<tr><td>${text(protocol)}</td><td>${frames}</td><td>${bytes}</td></tr>`,
    ),
    "</table>",
  ];
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`;
}

/** For text and for attributes. Control characters, which HTML does not have, become U+FFFD. */
function text(value: string): string {
  return value
    .replace(/[^\P{Cc}\t\n]/gu, "\ufffd")
    .replace(/&/g, "&amp;")
    .replace(/</g, "&lt;")
    .replace(/>/g, "&gt;")
    .replace(/"/g, "&quot;");
}
