import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { isListening } from "./listening.ts";

/** How a run ended. `refused`: nbd-server did not like its configuration, and said so; it would say the same again. */
export interface Exit {
  readonly kind: "refused" | "died" | "stopped";
  /** A sentence. */
  readonly detail: string;
}

export interface RunEvents {
  /** A line that it wrote on standard error. */
  said(line: string): void;
  /** Its log could not be caught: a namespace of its own is not to be had here. */
  noLog(): void;
}

const SCRIPT = fileURLToPath(new URL("run-nbd-server.sh", import.meta.url));
/** nbd-server, started by the script, died. */
const DIED = 3;
const PATIENCE_MS = 10_000;
const POLL_MS = 20;

/** One life of an nbd-server, from its start to its end. */
export class NbdServerRun {
  /** Settles with `undefined` when it listens, with its end when it never did. */
  readonly ready: Promise<Exit | undefined>;
  readonly ended: Promise<Exit>;
  readonly #child: ChildProcess;
  #pid = 0;
  #isOver = false;

  /** `folder` holds its config. */
  constructor(folder: string, port: number, events: RunEvents) {
    // In a process group of its own: Ctrl-C is for the relay, which then says when nbd-server shall end.
    this.#child = spawn("bash", [SCRIPT, folder], { stdio: ["pipe", "pipe", "pipe"], detached: true });
    const { stdin, stdout, stderr } = this.#child;
    stdin?.on("error", () => {});
    if (stderr !== null) createInterface(stderr).on("line", (line) => events.said(line));
    const pid = new Promise<number>((resolve) => {
      if (stdout === null) return;
      createInterface(stdout).on("line", (line) => {
        if (line.startsWith("pid ")) resolve(Number(line.slice(4)));
        else if (line === "no-log") events.noLog();
      });
    });
    this.ended = new Promise((resolve) => {
      this.#child.once("error", ({ message }) => resolve({ kind: "refused", detail: `${message}.` }));
      // "close" and not "exit": what it said is to be read before it is judged.
      this.#child.once("close", (code, signal) => {
        this.#isOver = true;
        // The script was killed, so it could not end what it watches over.
        if (signal !== null && this.#pid > 0) killGroup(this.#pid);
        resolve(exitOf(code, signal));
      });
    });
    this.ready = Promise.race([this.#listens(pid, port), this.ended]);
  }

  /** Of nbd-server itself, once it is ready. */
  get pid(): number {
    return this.#pid;
  }

  /** Ends it with all of its children. */
  async stop(): Promise<void> {
    this.#child.stdin?.end();
    const patience = setTimeout(() => this.#kill(), PATIENCE_MS);
    await this.ended;
    clearTimeout(patience);
  }

  async #listens(pidKnown: Promise<number>, port: number): Promise<undefined> {
    const patience = setTimeout(() => this.#kill(), PATIENCE_MS);
    void this.ended.then(() => clearTimeout(patience));
    this.#pid = await pidKnown;
    while (!(await isListening(this.#pid, port))) {
      // `ended` settles the race, and this never does.
      if (this.#isOver) await new Promise(() => {});
      await sleep(POLL_MS);
    }
    clearTimeout(patience);
    return undefined;
  }

  /** The script leads a process group too: what it has not yet sent into the background is in it. */
  #kill(): void {
    if (this.#child.pid !== undefined) killGroup(this.#child.pid);
  }
}

function exitOf(code: number | null, signal: NodeJS.Signals | null): Exit {
  if (signal !== null) return { kind: "died", detail: `Its watcher was ended by ${signal}.` };
  if (code === 0) return { kind: "stopped", detail: "It was stopped." };
  if (code === DIED) return { kind: "died", detail: "It died." };
  return { kind: "refused", detail: `It ended with exit code ${code}.` };
}

function killGroup(pid: number): void {
  try {
    process.kill(-pid, "SIGKILL");
  } catch {
    // It is gone already.
  }
}
