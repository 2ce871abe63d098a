import { readdirSync, readFileSync } from "node:fs";

/** `sysconf(_SC_CLK_TCK)`: 100 on every Linux that Node runs on. */
const TICKS_PER_SECOND = 100;

/** What a process and all its descendants have used so far (proc(5), /proc/PID/stat). */
export interface Usage {
  /** Milliseconds of CPU, user and system. */
  readonly cpuMs: number;
  /** Resident memory in octets. */
  readonly residentBytes: number;
}

interface Stat {
  readonly parent: number;
  readonly cpuMs: number;
}

/** Usage of the process and those below it. Descendants that have ended and were not waited for are not counted. */
export function usageOf(pid: number): Usage {
  const stats = new Map<number, Stat>();
  for (const name of readdirSync("/proc")) {
    const stat = /^[0-9]+$/.test(name) ? readStat(Number(name)) : undefined;
    if (stat !== undefined) stats.set(Number(name), stat);
  }
  let cpuMs = 0;
  let residentBytes = 0;
  const wanted = [pid];
  for (let each = wanted.pop(); each !== undefined; each = wanted.pop()) {
    cpuMs += stats.get(each)?.cpuMs ?? 0;
    residentBytes += residentOf(each);
    for (const [child, { parent }] of stats) if (parent === each) wanted.push(child);
  }
  return { cpuMs, residentBytes };
}

/** Fields 4, 14 and 15; the second, the name, may hold spaces and brackets. */
function readStat(pid: number): Stat | undefined {
  const text = read(`/proc/${pid}/stat`);
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
  if (fields.length < 15) return undefined;
  return {
    parent: Number(fields[1]),
    cpuMs: ((Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND) * 1000,
  };
}

function residentOf(pid: number): number {
  return Number(/^VmRSS:\s+([0-9]+) kB/m.exec(read(`/proc/${pid}/status`))?.[1] ?? 0) * 1024;
}

/** Empty where the process has ended meanwhile. */
function read(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}
