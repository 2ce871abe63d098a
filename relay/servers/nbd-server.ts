import { chmod, mkdir, mkdtemp, rm, rmdir, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Logger } from "../log.ts";
import { findProgram } from "./find-program.ts";
import { freeLoopbackPort } from "./listening.ts";
import { LogRing } from "./log-ring.ts";
import { type Exit, NbdServerRun } from "./nbd-server-run.ts";
import { openSyslogSocket, SEVERITY, type SyslogMessage, type SyslogSocket } from "./syslog-socket.ts";

export interface NbdServerOptions {
  /** Writes the configuration for a port of 127.0.0.1. */
  readonly config: (port: number) => string;
  readonly logger: Logger;
  readonly onState?: (state: NbdServerState) => void;
}

export type NbdServerState =
  | { readonly name: "starting" }
  | { readonly name: "running"; readonly pid: number }
  | { readonly name: "restarting"; readonly attempts: number; readonly lastError: string }
  | { readonly name: "stopped" };

/** nbd-server does not start. The message says so in a sentence, with its own last words. */
export class NbdServerError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "NbdServerError";
  }
}

const LOG_LINES = 500;
const FIRST_RETRY_MS = 100;
const LONGEST_RETRY_MS = 5_000;
/** One that ran this long and then died is started again at once; one that dies sooner is given more and more time. */
const STEADY_MS = 10_000;
/** How often another port is tried when the first start fails: somebody may have been quicker to take it. */
const FIRST_STARTS = 3;

/** The path of nbd-server, or `undefined` where it is not installed. */
export function findNbdServer(): string | undefined {
  return findProgram("nbd-server");
}

/**
 * Starts nbd-server; resolves when it listens. It answers later, in seconds where the machine is busy: it first computes
 * the Diffie-Hellman parameters of a TLS that nobody asked for. Rejects with an `NbdServerError`, and leaves nothing behind then.
 */
export async function startNbdServer(options: NbdServerOptions): Promise<NbdServer> {
  const server = new NbdServer(options);
  try {
    await server.start();
    return server;
  } catch (error) {
    await server.close();
    throw error;
  }
}

/**
 * The real nbd-server on a port of the loopback, with a configuration of its own. When it dies it is started again on the
 * same port, so whoever was connected finds it where it was.
 */
export class NbdServer {
  readonly #options: NbdServerOptions;
  readonly #log = new LogRing(LOG_LINES);
  /** What it said, since it was last started, of what is wrong. */
  #complaints = new LogRing(3);
  #state: NbdServerState = { name: "starting" };
  #folder: string | undefined;
  #syslog: SyslogSocket | undefined;
  #run: NbdServerRun | undefined;
  #port = 0;
  #restarts = 0;
  #attempts = 0;
  #retryTimer: NodeJS.Timeout | undefined;
  #starting: Promise<void> = Promise.resolve();
  #closed: Promise<void> | undefined;

  constructor(options: NbdServerOptions) {
    this.#options = options;
  }

  get state(): NbdServerState {
    return this.#state;
  }
  get port(): number {
    return this.#port;
  }
  /** How often it died and was started again. */
  get restarts(): number {
    return this.#restarts;
  }
  /** The last lines of its own log. Empty where it can only log to the system's syslog. */
  get log(): readonly string[] {
    return this.#log.lines;
  }

  /** Once. */
  async start(): Promise<void> {
    // Others may look in: a server that gives its rights up has to find the socket of its log.
    this.#folder = await mkdtemp(join(tmpdir(), "netroot-nbd-server-"));
    await chmod(this.#folder, 0o711);
    await mkdir(join(this.#folder, "dev"));
    this.#syslog = await openSyslogSocket(join(this.#folder, "log"), (message) => this.#heard(message));
    for (let left = FIRST_STARTS; ; left -= 1) {
      this.#port = await freeLoopbackPort();
      await writeFile(join(this.#folder, "config"), this.#options.config(this.#port));
      const exit = await this.#launch(this.#folder);
      if (exit === undefined) return;
      if (left > 1 && exit.kind === "died") continue;
      throw new NbdServerError(`nbd-server does not start: ${this.#lastWords(exit)}`);
    }
  }

  /** Ends it and all of its children, and removes its files. */
  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    clearTimeout(this.#retryTimer);
    this.#setState({ name: "stopped" });
    await this.#run?.stop();
    await this.#starting;
    await this.#syslog?.close();
    if (this.#folder === undefined) return;
    for (const name of ["config", "pid", "log"]) await rm(join(this.#folder, name), { force: true });
    // Never recursive: /dev is mounted at "dev" as nbd-server sees it.
    for (const folder of [join(this.#folder, "dev"), this.#folder]) await rmdir(folder).catch(() => {});
  }

  /** Resolves with `undefined` when it listens, else with how it ended. */
  async #launch(folder: string): Promise<Exit | undefined> {
    const startedMs = performance.now();
    this.#complaints = new LogRing(3);
    const run = new NbdServerRun(folder, this.#port, {
      said: (line) => this.#said(line),
      noLog: () => this.#options.logger.info("nbd-server logs to this machine's syslog, and not here"),
    });
    this.#run = run;
    const exit = await run.ready;
    if (exit !== undefined) return exit;
    if (this.#closed !== undefined) return undefined;
    this.#setState({ name: "running", pid: run.pid });
    void run.ended.then((end) => {
      if (this.#closed !== undefined) return;
      if (performance.now() - startedMs > STEADY_MS) this.#attempts = 0;
      this.#restartLater(folder, end);
    });
    return undefined;
  }

  #restartLater(folder: string, exit: Exit): void {
    const lastError = this.#lastWords(exit);
    this.#attempts += 1;
    const waitMs = Math.min(LONGEST_RETRY_MS, FIRST_RETRY_MS * 2 ** (this.#attempts - 1));
    this.#options.logger.warn(`nbd-server ended and is started again: ${lastError}`);
    this.#setState({ name: "restarting", attempts: this.#attempts, lastError });
    this.#retryTimer = setTimeout(() => {
      this.#starting = this.#launch(folder).then((again) => {
        if (this.#closed !== undefined) return;
        if (again !== undefined) this.#restartLater(folder, again);
        else this.#restarts += 1;
      });
    }, waitMs);
  }

  /** Its log through syslog(3). */
  #heard({ severity, text, pid }: SyslogMessage): void {
    this.#log.push(text);
    const line = `nbd-server${pid === undefined ? "" : ` ${pid}`}: ${text}`;
    if (severity <= SEVERITY.warning) {
      this.#complaints.push(text);
      this.#options.logger.warn(line);
    } else if (severity < SEVERITY.debug) this.#options.logger.info(line);
    else this.#options.logger.debug(line);
  }

  /** What it says on standard error, before it goes into the background. */
  #said(line: string): void {
    // GLib's "** (process:1362): WARNING **: 02:48:12.791: " says nothing that a reader wants to know.
    const text = line.replace(/^\*\* (?:\(process:\d+\): WARNING \*\*: |Message: )[\d:.]+: /, "").trim();
    if (text === "") return;
    this.#log.push(text);
    this.#complaints.push(text);
    this.#options.logger.warn(`nbd-server: ${text}`);
  }

  #lastWords({ kind, detail }: Exit): string {
    const said = this.#complaints.lines.join(" · ");
    if (said === "") return detail;
    return kind === "refused" ? said : `${detail} It last said: ${said}`;
  }

  #setState(state: NbdServerState): void {
    this.#state = state;
    this.#options.onState?.(state);
  }
}
