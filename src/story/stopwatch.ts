import { MILESTONES } from "../../worker/interface.ts";
import type { MachineState } from "../machine/machine-state.ts";

const LAST = MILESTONES.at(-1)?.name;

/** The time since power-on, as long as a boot is under way. At the prompt it stands, at the time of the last milestone. */
export class Stopwatch {
  #startedAtMs: number | undefined;
  #stoppedAtMs = 0;

  /** @param nowMs a monotonic clock's time */
  observe({ power, milestones }: MachineState, nowMs: number): void {
    const last = milestones.find(({ name }) => name === LAST);
    const over = power === "off" || last?.state === "done";
    if (!over) {
      this.#startedAtMs ??= nowMs;
    } else if (this.#startedAtMs !== undefined) {
      this.#stoppedAtMs = last?.state === "done" ? (last.atMs ?? 0) : nowMs - this.#startedAtMs;
      this.#startedAtMs = undefined;
    }
  }

  get running(): boolean {
    return this.#startedAtMs !== undefined;
  }

  elapsedMs(nowMs: number): number {
    return this.#startedAtMs === undefined ? this.#stoppedAtMs : nowMs - this.#startedAtMs;
  }
}
