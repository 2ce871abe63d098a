import type { MilestoneName, Problem } from "../interface.ts";

/** What the watchers of frames and of the console tell. */
export interface SignHandlers {
  /** `atMs` by the caller's clock, where it was earlier than now. */
  reached(name: MilestoneName, detail?: string, atMs?: number): void;
  problem(problem: Problem): void;
}
