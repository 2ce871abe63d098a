import { DiskRefusal } from "./shelf.ts";

const LOCK = "netroot-disk:";
const HOLDER = "netroot-disk-holder:";

/** What somebody has a disk for; words that follow "it is". */
export type DiskUse = "in the machine of" | "being copied by" | "being changed by";

interface Holder {
  readonly use: DiskUse;
  readonly sinceMs: number;
}

/**
 * Has the disk to itself in this browser until the returned function is called, or the worker ends. Rejects with a `DiskRefusal` that
 * says who has it.
 */
export async function lockDisk(name: string, use: DiskUse): Promise<() => void> {
  const release = await lock(LOCK + name);
  if (release === undefined) throw await busy(name);
  // A lock's name is all that others see of it.
  const told = await lock(`${HOLDER}${JSON.stringify([name, use, Date.now()])}`);
  return () => {
    told?.();
    release();
  };
}

/** The names of the disks that somebody has. */
export async function lockedDisks(): Promise<ReadonlySet<string>> {
  return new Set((await heldNames(LOCK)).map((name) => name.slice(LOCK.length)));
}

async function lock(name: string): Promise<(() => void) | undefined> {
  return new Promise((resolve, reject) => {
    navigator.locks
      .request(name, { ifAvailable: true }, (granted) => {
        if (granted === null) {
          resolve(undefined);
          return undefined;
        }
        return new Promise<void>((release) => resolve(release));
      })
      .catch(reject);
  });
}

async function busy(name: string): Promise<DiskRefusal> {
  const holder = await holderOf(name);
  const since = holder === undefined ? "" : `, since ${new Date(holder.sinceMs).toLocaleTimeString()}`;
  return new DiskRefusal(
    "busy",
    `The disk ${name} is ${holder?.use ?? "in the machine of"} another tab of this browser${since}: two at a time would ruin it.`,
    "Switch that machine off or close its tab, or choose another disk.",
  );
}

async function holderOf(name: string): Promise<Holder | undefined> {
  for (const held of await heldNames(HOLDER)) {
    const [of, use, sinceMs] = JSON.parse(held.slice(HOLDER.length)) as [string, DiskUse, number];
    if (of === name) return { use, sinceMs };
  }
  return undefined;
}

async function heldNames(prefix: string): Promise<string[]> {
  const { held = [] } = await navigator.locks.query();
  return held.flatMap(({ name }) => (name?.startsWith(prefix) ? [name] : []));
}
