import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import type { Contender, Started } from "./contenders.ts";
import type { GuestsReport } from "./guests.ts";
import { type Usage, usageOf } from "./processes.ts";

/** What some guests got from one contender. A megabyte is 10^6 octets. */
export interface Reading {
  readonly contender: Contender["name"];
  readonly clients: number;
  readonly megabytesPerSecond: number;
  /** Milliseconds of CPU for a megabyte, in the contender and all it started. */
  readonly cpuMsPerMegabyte?: number;
  /** What the slowest and the fastest of the guests got, as parts of the mean. */
  readonly slowest: number;
  readonly fastest: number;
  /** By how much the contender's resident memory was larger with the guests at work than before they came, for each. */
  readonly residentMegabytesPerClient?: number;
}

const GUESTS = fileURLToPath(new URL("guests.ts", import.meta.url));

export interface Load {
  readonly clients: number;
  readonly seconds: number;
  /** How long the guests read before that. */
  readonly warmUpSeconds: number;
  readonly mtu: number;
}

export async function measure(
  contender: Contender["name"],
  { where, pid }: Started,
  { clients, seconds, warmUpSeconds, mtu }: Load,
): Promise<Reading> {
  const idle = usage(pid);
  const large = contender === "relay" ? "large" : "no";
  const args = ["--import", "tsx", GUESTS, where, clients, seconds, warmUpSeconds, mtu, large].map(String);
  const guests = spawn(process.execPath, args, { stdio: ["pipe", "pipe", "inherit"] });
  const lines = createInterface({ input: guests.stdout })[Symbol.asyncIterator]();
  const next = async () => {
    const { value, done } = await lines.next();
    if (done === true) throw new Error(`The guests of ${contender} ended before they had read.`);
    return value as string;
  };
  await next();
  const before = usage(pid);
  guests.stdin.write("go\n");
  const halfWay = new Promise<Usage | undefined>((resolve) =>
    setTimeout(() => resolve(usage(pid)), seconds * 500),
  );
  const report = JSON.parse(await next()) as GuestsReport;
  const after = usage(pid);
  const atWork = await halfWay;
  if (guests.exitCode === null) await once(guests, "exit");

  const megabytes = report.bytes.reduce((sum, bytes) => sum + bytes, 0) / 1e6;
  const mean = megabytes / clients;
  return {
    contender,
    clients,
    megabytesPerSecond: megabytes / report.seconds,
    slowest: Math.min(...report.bytes) / 1e6 / mean,
    fastest: Math.max(...report.bytes) / 1e6 / mean,
    ...(before !== undefined &&
      after !== undefined &&
      idle !== undefined &&
      atWork !== undefined && {
        cpuMsPerMegabyte: (after.cpuMs - before.cpuMs) / megabytes,
        residentMegabytesPerClient: (atWork.residentBytes - idle.residentBytes) / 1e6 / clients,
      }),
  };
}

function usage(pid: number | undefined): Usage | undefined {
  return pid === undefined ? undefined : usageOf(pid);
}
