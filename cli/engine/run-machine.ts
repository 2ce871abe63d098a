import type {
  BlockPath,
  BootOrigin,
  DiskState,
  MachineEvent,
  MachineSettings,
  Milestone,
  MilestoneName,
  PowerState,
  Problem,
  WireCounters,
} from "../../worker/interface.ts";
import { Machine } from "../../worker/machine.ts";
import type { Platform } from "../../worker/platform.ts";
import { Console } from "./console.ts";
import { nodePlatform } from "./node-platform.ts";

export interface RunOptions {
  readonly settings: MachineSettings;
  /** Sees every event, in batches, as a page would. */
  readonly observer?: (events: readonly MachineEvent[]) => void;
  readonly platform?: Platform;
}

/** A machine that runs without a page. */
export interface RunningMachine {
  readonly machine: Machine;
  readonly console: Console;
  readonly milestones: readonly Milestone[];
  readonly problems: readonly Problem[];
  readonly counters: WireCounters | undefined;
  readonly blocks: BlockPath | undefined;
  readonly disk: DiskState | undefined;
  readonly state: PowerState;
  /** How the boot began, once that is known. */
  readonly origin: BootOrigin | undefined;
  /** Resolves when the milestone is done (or skipped); rejects with the problem when an error comes first. */
  reached(name: MilestoneName, options?: { readonly signal?: AbortSignal }): Promise<Milestone>;
  /** Resolves with the first problem of this code. */
  problem(code: string, options?: { readonly signal?: AbortSignal }): Promise<Problem>;
  /** Powers off and on again, and forgets the milestones and problems of the boot before. */
  reset(): Promise<void>;
  close(): Promise<void>;
}

/** An error of the boot that somebody waited for in vain. */
export class BootError extends Error {
  readonly code: string;
  readonly problem: Problem;
  constructor(problem: Problem) {
    super(`${problem.message} ${problem.advice}`);
    this.name = "BootError";
    this.code = problem.code;
    this.problem = problem;
  }
}

/** Powers a machine on and follows it. Resolves once its processor runs, or once it is clear that it will not. */
export async function runMachine(options: RunOptions): Promise<RunningMachine> {
  const machine = new Machine(options.platform ?? nodePlatform);
  const follower = new Follower(machine);
  machine.observe((events) => {
    follower.take(events);
    options.observer?.(events);
  });
  await machine.powerOn(options.settings);
  return follower;
}

type Check = () => boolean;

class Follower implements RunningMachine {
  readonly machine: Machine;
  readonly console: Console;
  readonly problems: Problem[] = [];
  milestones: readonly Milestone[] = [];
  counters: WireCounters | undefined;
  blocks: BlockPath | undefined;
  disk: DiskState | undefined;
  state: PowerState = "off";
  origin: BootOrigin | undefined;
  readonly #checks = new Set<Check>();
  /** After a reset, what is still told of the boot before does not count. */
  #startAwaited = false;

  constructor(machine: Machine) {
    this.machine = machine;
    this.console = new Console({ send: (bytes) => machine.sendSerial(bytes) });
  }

  take(events: readonly MachineEvent[]): void {
    for (const event of events) {
      if (event.type === "power" && event.state === "starting") this.#startAwaited = false;
      if (event.type === "serial") this.console.receive(event.bytes);
      else if (event.type === "milestones" && !this.#startAwaited) this.milestones = event.milestones;
      else if (event.type === "problem" && !this.#startAwaited) this.problems.push(event.problem);
      else if (event.type === "origin" && !this.#startAwaited) this.origin = event.origin;
      else if (event.type === "wire") ({ counters: this.counters, blocks: this.blocks } = event);
      else if (event.type === "disk") this.disk = event.disk;
      else if (event.type === "power") this.state = event.state;
    }
    for (const check of [...this.#checks]) check();
  }

  reached(name: MilestoneName, options: { readonly signal?: AbortSignal } = {}): Promise<Milestone> {
    return this.#wait<Milestone>(
      `the milestone ${name}`,
      () => this.milestones.find((m) => m.name === name && (m.state === "done" || m.state === "skipped")),
      true,
      options.signal,
    );
  }

  problem(code: string, options: { readonly signal?: AbortSignal } = {}): Promise<Problem> {
    return this.#wait(
      `the problem ${code}`,
      () => this.problems.find((problem) => problem.code === code),
      false,
      options.signal,
    );
  }

  async reset(): Promise<void> {
    this.milestones = [];
    this.problems.length = 0;
    this.#startAwaited = true;
    await this.machine.reset();
  }

  async close(): Promise<void> {
    await this.machine.powerOff();
    // The last batch is still on its way: whoever closes wants to have seen it.
    await this.#wait("power off", () => (this.state === "off" ? true : undefined), false);
    this.console.close("the machine was switched off");
  }

  #wait<T>(what: string, find: () => T | undefined, failOnError: boolean, signal?: AbortSignal): Promise<T> {
    return new Promise((resolve, reject) => {
      const settle = (act: () => void): true => {
        this.#checks.delete(check);
        signal?.removeEventListener("abort", abort);
        act();
        return true;
      };
      const abort = () => settle(() => reject(new Error(`gave up waiting for ${what}`)));
      const check: Check = () => {
        const found = find();
        if (found !== undefined) return settle(() => resolve(found));
        const error = failOnError ? this.problems.find((problem) => problem.severity === "error") : undefined;
        return error === undefined ? false : settle(() => reject(new BootError(error)));
      };
      signal?.addEventListener("abort", abort, { once: true });
      this.#checks.add(check);
      if (signal?.aborted) abort();
      else check();
    });
  }
}
