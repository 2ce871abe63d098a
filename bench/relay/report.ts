import { alignRows, median } from "../report.ts";
import type { Reading } from "./measure.ts";

/** One row a number of guests and a contender; with several readings of it their median. */
export function printReadings(readings: readonly Reading[]): string {
  const groups = new Map<string, Reading[]>();
  for (const reading of readings) {
    const key = `${reading.clients} ${reading.contender}`;
    groups.set(key, [...(groups.get(key) ?? []), reading]);
  }
  const summary = Array.from(groups.values(), summarize);
  const rows = [HEAD];
  for (const each of summary) {
    const passt = summary.find(({ clients, contender }) => clients === each.clients && contender === "passt");
    rows.push([
      `${each.clients}`,
      each.contender,
      each.megabytesPerSecond.toFixed(1),
      fixed(each.cpuMsPerMegabyte, 2),
      ratio(passt?.cpuMsPerMegabyte, each.cpuMsPerMegabyte),
      each.slowest.toFixed(2),
      each.fastest.toFixed(2),
      fixed(each.residentMegabytesPerClient, 1),
    ]);
  }
  return alignRows(rows);
}

const HEAD = [
  "clients",
  "through",
  "MB/s",
  "CPU ms/MB",
  "MB per CPU second, over passt's",
  "slowest / mean",
  "fastest / mean",
  "MB of memory a client",
];

function summarize(readings: readonly Reading[]): Reading {
  const of = (value: (reading: Reading) => number) => median(readings.map(value));
  const { contender, clients, cpuMsPerMegabyte, residentMegabytesPerClient } = readings[0]!;
  return {
    contender,
    clients,
    megabytesPerSecond: of((each) => each.megabytesPerSecond),
    slowest: of((each) => each.slowest),
    fastest: of((each) => each.fastest),
    ...(cpuMsPerMegabyte !== undefined && { cpuMsPerMegabyte: of((each) => each.cpuMsPerMegabyte!) }),
    ...(residentMegabytesPerClient !== undefined && {
      residentMegabytesPerClient: of((each) => each.residentMegabytesPerClient!),
    }),
  };
}

function fixed(value: number | undefined, digits: number): string {
  return value === undefined ? "–" : value.toFixed(digits);
}

function ratio(over: number | undefined, value: number | undefined): string {
  return over === undefined || value === undefined ? "–" : `${(over / value).toFixed(2)} ×`;
}
