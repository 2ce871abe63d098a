import { spawn } from "node:child_process";
import { once } from "node:events";
import type { Milestone } from "../worker/interface.ts";

/** One column of the report: an engine with its settings. */
export interface Contender {
  readonly name: string;
  boot(signal: AbortSignal): Promise<readonly Milestone[]>;
}

/** The milestones of each contender's boots, by its name. */
export type Results = Readonly<Record<string, readonly (readonly Milestone[])[]>>;

export interface Turns {
  readonly runs: number;
  /** A file whose lock is held during each boot. */
  readonly lock?: string | undefined;
  /** Takes what is to be seen while it goes on. */
  readonly say: (text: string) => void;
}

/** It only ends what hangs. */
const BOOT_TIMEOUT_MS = 15 * 60_000;

/** Boots the contenders in turns, every other round backwards, so that a machine that gets busier favours none of them. */
export async function inTurns(contenders: readonly Contender[], turns: Turns): Promise<Results> {
  const results: Record<string, (readonly Milestone[])[]> = {};
  for (const { name } of contenders) results[name] = [];
  for (let run = 1; run <= turns.runs; run += 1) {
    for (const contender of run % 2 === 1 ? contenders : contenders.toReversed()) {
      const unlock = await holdLock(turns.lock);
      try {
        turns.say(`run ${run} of ${turns.runs}: ${contender.name} … `);
        const milestones = await contender.boot(AbortSignal.timeout(BOOT_TIMEOUT_MS));
        results[contender.name]!.push(milestones);
        const last = milestones.findLast(({ state, atMs }) => state === "done" && atMs !== undefined);
        turns.say(`${last!.name} at ${(last!.atMs! / 1000).toFixed(1)} s\n`);
      } catch (error) {
        turns.say("failed\n");
        throw error;
      } finally {
        await unlock();
      }
    }
  }
  return results;
}

/** Waits for the file's lock, where there is one; resolves with what gives it back. */
export async function holdLock(file: string | undefined): Promise<() => Promise<void>> {
  if (file === undefined) return async () => {};
  const holder = spawn("flock", [file, "sh", "-c", "echo held; read -r _"], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  const ended = once(holder, "close");
  await Promise.race([
    once(holder.stdout, "data"),
    ended.then(() => Promise.reject(new Error(`The lock of ${file} cannot be held.`))),
  ]);
  return async () => {
    holder.stdin.end();
    await ended;
  };
}
