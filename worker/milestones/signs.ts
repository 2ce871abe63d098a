import type { MilestoneName, Problem } from "../interface.ts";

/** What the watchers of frames and of the console tell. */
export interface SignHandlers {
  reached(name: MilestoneName, detail?: string): void;
  problem(problem: Problem): void;
}
