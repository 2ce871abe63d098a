import { readdirSync, readFileSync } from "node:fs";

/** The memory of processes in octets, what they share divided among those that share it (proc(5), Pss). */
export function memoryOf(pids: readonly number[]): number {
  return pids.reduce((sum, pid) => {
    const kibibytes = /^Pss:\s+(\d+) kB/m.exec(read(`/proc/${pid}/smaps_rollup`))?.[1] ?? "0";
    return sum + Number(kibibytes) * 1024;
  }, 0);
}

/** The processes below one, at any depth. */
export function descendantsOf(pid: number): number[] {
  const children = new Map<number, number[]>();
  for (const name of readdirSync("/proc").filter((each) => /^\d+$/.test(each))) {
    const text = read(`/proc/${name}/stat`);
    // The second field, the name, may hold spaces and brackets; the parent is the fourth.
    const parent = Number(text.slice(text.lastIndexOf(")") + 2).split(" ")[1]);
    children.set(parent, [...(children.get(parent) ?? []), Number(name)]);
  }
  const found: number[] = [];
  const wanted = [pid];
  for (let each = wanted.pop(); each !== undefined; each = wanted.pop()) {
    const below = children.get(each) ?? [];
    found.push(...below);
    wanted.push(...below);
  }
  return found;
}

/** Looks now and then until it is stopped, which gives the most that was seen. */
export class MemoryPeak {
  readonly #timer: NodeJS.Timeout;
  readonly #pids: () => readonly number[];
  #bytes = 0;

  constructor(pids: () => readonly number[], everyMs = 250) {
    this.#pids = pids;
    this.#timer = setInterval(() => this.#look(), everyMs);
  }

  stop(): number {
    clearInterval(this.#timer);
    this.#look();
    return this.#bytes;
  }

  #look(): void {
    this.#bytes = Math.max(this.#bytes, memoryOf(this.#pids()));
  }
}

/** Empty where the process has ended meanwhile. */
function read(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}
