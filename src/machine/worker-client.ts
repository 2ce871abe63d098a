import { proxy, type Remote, wrap } from "comlink";
import type {
  DisksApi,
  MachineApi,
  MachineEvent,
  MachineSettings,
  PacketBatch,
  PacketPosition,
  Problem,
} from "../../worker/interface.ts";

/** How long the worker may take to load before the page says that something is odd. It goes on waiting. */
const SLOW_AFTER_MS = 20_000;

export interface WorkerClientOptions {
  /** Makes the worker: a parameter, so that a test can hand in one that fails. */
  readonly createWorker: () => Worker;
  readonly onEvents: (events: readonly MachineEvent[]) => void;
}

/** The machine's worker, started when it is first needed and again after it crashed. Commands never reject. */
export class WorkerClient {
  readonly #options: WorkerClientOptions;
  #running: { readonly worker: Worker; readonly api: Remote<MachineApi & DisksApi> } | undefined;
  /** Power on was asked for, and the worker has not said yet that it does it. */
  #asked = false;

  constructor(options: WorkerClientOptions) {
    this.#options = options;
  }

  /** Loads the worker before it is needed. */
  load(): void {
    this.#start();
  }

  powerOn(settings: MachineSettings): void {
    // Said here, so that the page answers the click at once, however long the worker takes to load.
    this.#asked = true;
    this.#options.onEvents([{ type: "power", state: "starting" }]);
    this.#command((api) => api.powerOn(settings), this.#start());
  }

  powerOff(): void {
    this.#command((api) => api.powerOff());
  }

  reset(): void {
    this.#command((api) => api.reset());
  }

  pause(): void {
    this.#command((api) => api.pause());
  }

  resume(): void {
    this.#command((api) => api.resume());
  }

  sendSerial(bytes: Uint8Array): void {
    this.#command((api) => api.sendSerial(bytes));
  }

  /** The disks of this browser; undefined where the worker cannot be started. A call whose worker crashes never settles. */
  get disks(): Remote<DisksApi> | undefined {
    return this.#start();
  }

  sendScancodes(codes: readonly number[]): void {
    this.#command((api) => api.sendScancodes(codes));
  }

  /** Frames of the guest's card; `undefined` while there is no worker to have them. */
  async readPackets(
    position: PacketPosition | undefined,
    maxBytes: number,
  ): Promise<PacketBatch | undefined> {
    try {
      return await this.#running?.api.readPackets(position, maxBytes);
    } catch {
      // What is wrong with the worker is said where a command needs it.
      return undefined;
    }
  }

  #command(send: (api: Remote<MachineApi>) => Promise<void>, api = this.#running?.api): void {
    if (api === undefined) return;
    send(api).catch((error: unknown) => this.#fail("worker-failed", "could not do that", error));
  }

  #start(): Remote<MachineApi & DisksApi> | undefined {
    if (this.#running !== undefined) return this.#running.api;
    let worker: Worker;
    try {
      worker = this.#options.createWorker();
    } catch (error) {
      this.#fail("worker-load-failed", "could not be started", error);
      return undefined;
    }
    const api = wrap<MachineApi & DisksApi>(worker);
    this.#running = { worker, api };

    let loaded = false;
    const slow = setTimeout(
      () => this.#options.onEvents([{ type: "problem", problem: SLOW }]),
      SLOW_AFTER_MS,
    );
    worker.addEventListener("error", (event) => {
      event.preventDefault();
      clearTimeout(slow);
      if (loaded) this.#fail("worker-crashed", "has crashed", event.message);
      else this.#fail("worker-load-failed", "could not be loaded", event.message);
    });
    worker.addEventListener("messageerror", () =>
      this.#fail("worker-failed", "said something unreadable", ""),
    );
    api.observe(proxy((events: readonly MachineEvent[]) => this.#hear(events))).then(
      () => {
        loaded = true;
        clearTimeout(slow);
      },
      (error: unknown) => this.#fail("worker-load-failed", "could not be loaded", error),
    );
    return api;
  }

  /** A worker that has just been loaded says that it is off: true, but older than the click. */
  #hear(events: readonly MachineEvent[]): void {
    const news = events.filter((event) => {
      if (event.type !== "power" || !this.#asked) return true;
      if (event.state === "starting") this.#asked = false;
      return event.state !== "off" || !this.#asked;
    });
    if (news.length > 0) this.#options.onEvents(news);
  }

  #fail(code: string, what: string, cause: unknown): void {
    this.#running?.worker.terminate();
    this.#running = undefined;
    this.#asked = false;
    const reason = cause instanceof Error ? cause.message : typeof cause === "string" ? cause : "";
    const problem: Problem = {
      severity: "error",
      code,
      message: `The machine's worker ${what}${reason === "" ? "." : `: ${reason.replace(/\.$/, "")}.`}`,
      advice:
        code === "worker-load-failed"
          ? "Check that the relay still serves this page, then reload it."
          : "Power on starts a fresh one. If it happens again, try less memory or the other network card.",
    };
    this.#options.onEvents([
      { type: "problem", problem },
      { type: "power", state: "off" },
    ]);
  }
}

const SLOW: Problem = {
  severity: "warning",
  code: "worker-slow",
  message: "The machine's worker is still loading.",
  advice: "On a slow link the emulator (2 MB) takes a while. If nothing happens, reload the page.",
};
