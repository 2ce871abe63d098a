import type { Timed } from "../../net/clock.ts";
import type { Milestone, MilestoneName, Problem } from "../interface.ts";
import { stalled } from "./boot-problems.ts";
import { ConsoleWatch } from "./console-watch.ts";
import { FrameWatch } from "./frame-watch.ts";
import { type BootKind, Progress } from "./progress.ts";

export interface BootWatchOptions {
  readonly kind: BootKind;
  /** The kernel's command line, where it is known. */
  readonly append: string;
  /** When power was switched on, by the caller's clock: all `nowMs` count from it. */
  readonly nowMs: number;
  /** The processor cannot run a 64-bit kernel. */
  readonly is32Bit?: boolean;
  /** How long a boot may stand still before it is said. */
  readonly stallMs?: number;
}

export interface BootWatchHandlers {
  milestones(milestones: readonly Milestone[]): void;
  problem(problem: Problem): void;
}

const DEFAULT_STALL_MS = 60_000;

/**
 * Follows one boot by its frames and its console, and knows nothing of what runs it: v86, qemu or a real machine.
 */
export class BootWatch implements Timed {
  readonly #handlers: BootWatchHandlers;
  readonly #progress: Progress;
  readonly #frames: FrameWatch;
  readonly #console: ConsoleWatch;
  readonly #startMs: number;
  readonly #stallMs: number;
  readonly #append: string;
  readonly #told = new Set<string>();
  #nowMs: number;
  #lastSignMs: number;
  #stallTold = false;
  #serialHeard = false;

  constructor(options: BootWatchOptions, handlers: BootWatchHandlers) {
    this.#handlers = handlers;
    this.#progress = new Progress(options.kind);
    this.#append = options.append;
    this.#startMs = options.nowMs;
    this.#nowMs = options.nowMs;
    this.#lastSignMs = options.nowMs;
    this.#stallMs = options.stallMs ?? DEFAULT_STALL_MS;
    const signs = {
      reached: (name: MilestoneName, detail?: string, atMs?: number) => this.#reached(name, detail, atMs),
      problem: (problem: Problem) => this.#sign(problem),
    };
    this.#frames = new FrameWatch(signs, options.append, options.kind === "pxe", options.is32Bit);
    this.#console = new ConsoleWatch(signs);
  }

  list(): Milestone[] {
    return this.#progress.list();
  }

  /** Power is on. */
  begin(): void {
    this.#progress.reach("power-on", 0);
    if (hasStaticAddress(this.#append)) this.#progress.skip("dhcp", 0, "static address");
    this.#tell();
  }

  reach(name: MilestoneName, nowMs: number, detail?: string): void {
    this.#nowMs = nowMs;
    this.#reached(name, detail);
  }

  /** What came before `name` lies behind this boot, for the reason in `detail`. */
  skipTo(name: MilestoneName, nowMs: number, detail: string): void {
    this.active(nowMs);
    if (this.#progress.skipTo(name, nowMs - this.#startMs, detail)) this.#tell();
  }

  console(byte: number, nowMs: number): void {
    this.active(nowMs);
    this.#serialHeard = true;
    this.#console.push(byte, nowMs);
  }

  /** A row of the text screen. It counts until the serial console speaks: a kernel may have been told to use only one. */
  screenLine(text: string, nowMs: number): void {
    if (this.#serialHeard) return;
    this.active(nowMs);
    this.#console.row(text, nowMs);
  }

  fromGuest(frame: Uint8Array, nowMs: number): void {
    // A guest that reads its root is alive. Before that it may ask for an address, or for its server, for ever.
    if (this.#frames.done) this.active(nowMs);
    this.#nowMs = nowMs;
    this.#frames.fromGuest(frame, nowMs);
  }

  toGuest(frame: Uint8Array, nowMs: number): void {
    // Its firmware says nothing while it is sent a file.
    if (this.#frames.firmware) this.active(nowMs);
    this.#nowMs = nowMs;
    this.#frames.toGuest(frame);
  }

  /** A problem from elsewhere. An error is where the boot failed. */
  problem(problem: Problem, nowMs: number): void {
    this.#nowMs = nowMs;
    this.#problem(problem);
  }

  /** The guest shows signs of life: the stall watch starts anew. */
  active(nowMs: number): void {
    this.#nowMs = nowMs;
    this.#lastSignMs = nowMs;
  }

  deadline(): number {
    return Math.min(this.#console.deadline(), this.#frames.deadline(), this.#stallDeadline());
  }

  advance(nowMs: number): void {
    this.#nowMs = nowMs;
    this.#console.advance(nowMs);
    this.#frames.advance(nowMs);
    const current = this.#progress.current;
    if (nowMs < this.#stallDeadline() || current === undefined) return;
    this.#stallTold = true;
    this.#handlers.problem(stalled(current, nowMs - this.#lastSignMs));
  }

  #stallDeadline(): number {
    if (this.#stallTold || this.#progress.current === undefined) return Number.POSITIVE_INFINITY;
    return this.#lastSignMs + this.#stallMs;
  }

  #reached(name: MilestoneName, detail: string | undefined, atMs = this.#nowMs): void {
    if (!this.#progress.reach(name, atMs - this.#startMs, detail)) return;
    if (name === "kernel" || name === "initrd") this.#frames.kernelRuns();
    this.active(this.#nowMs);
    this.#stallTold = false;
    this.#tell();
  }

  /** The same line may come twice: on the console and on the screen, or from a guest that tries again. */
  #sign(problem: Problem): void {
    const key = `${problem.code} ${problem.message}`;
    if (this.#told.has(key)) return;
    this.#told.add(key);
    this.#problem(problem);
  }

  #problem(problem: Problem): void {
    const milestone = problem.milestone ?? this.#progress.current;
    if (problem.severity === "error" && this.#progress.fail(this.#nowMs - this.#startMs)) this.#tell();
    this.#handlers.problem(milestone === undefined ? problem : { ...problem, milestone });
  }

  #tell(): void {
    this.#handlers.milestones(this.#progress.list());
  }
}

/** `ip=` with an address in its first field (dracut.cmdline(7)), not `ip=dhcp` and the like. */
function hasStaticAddress(append: string): boolean {
  return /(^|\s)ip=\d+\.\d+\.\d+\.\d+/.test(append);
}
