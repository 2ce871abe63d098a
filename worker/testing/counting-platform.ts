import type { FetchOptions, FileResult } from "../boot-files/fetch-file.ts";
import type { Platform } from "../platform.ts";
import type { Socket, SocketHandlers } from "../wire/socket.ts";

/** A platform whose files and sockets a test controls, and which knows what is open. */
export class CountingPlatform implements Platform {
  readonly clock: Platform["clock"];
  readonly random = () => 0.5;
  readonly timeOfDay = Date.now;
  readonly files = new Map<string, Uint8Array>();
  readonly sockets: { readonly handlers: SocketHandlers; readonly sent: Uint8Array[] }[] = [];
  openSockets = 0;
  openTimers = 0;
  openTurnTakers = 0;
  runningFetches = 0;
  /** A fetch of a file that is not there: it never ends by itself. */
  hangOnMissing = false;
  readonly #real: Platform;

  constructor(real: Platform) {
    this.#real = real;
    this.clock = real.clock;
  }

  get open() {
    return {
      sockets: this.openSockets,
      timers: this.openTimers,
      turnTakers: this.openTurnTakers,
      fetches: this.runningFetches,
    };
  }

  readonly after: Platform["after"] = (ms, callback) => {
    this.openTimers += 1;
    let isOpen = true;
    const close = () => {
      if (isOpen) this.openTimers -= 1;
      isOpen = false;
    };
    const cancel = this.#real.after(ms, () => {
      close();
      callback();
    });
    return () => {
      close();
      cancel();
    };
  };

  openTurns() {
    this.openTurnTakers += 1;
    const turns = this.#real.openTurns();
    return {
      soon: turns.soon,
      close: () => {
        this.openTurnTakers -= 1;
        turns.close();
      },
    };
  }

  async fetchFile(url: string, { signal, progress }: FetchOptions): Promise<FileResult> {
    const bytes = this.files.get(url);
    if (bytes) {
      progress(bytes.length, bytes.length);
      return { ok: true, bytes };
    }
    if (!this.hangOnMissing) return { ok: false, reason: "refused", status: 404 };
    this.runningFetches += 1;
    if (!signal.aborted) {
      await new Promise((resolve) => signal.addEventListener("abort", resolve, { once: true }));
    }
    this.runningFetches -= 1;
    return { ok: false, reason: "aborted" };
  }

  readonly openSocket: Platform["openSocket"] = (_url, _protocols, handlers): Socket => {
    this.openSockets += 1;
    const sent: Uint8Array[] = [];
    this.sockets.push({ handlers, sent });
    return {
      protocol: "",
      bufferedAmount: 0,
      send: (message) => sent.push(message),
      sendText: () => {},
      close: () => {
        this.openSockets -= 1;
      },
    };
  };

  loadEmulator(): ReturnType<Platform["loadEmulator"]> {
    return this.#real.loadEmulator();
  }
}
