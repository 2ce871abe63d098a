import type { Export } from "../../net/export/export.ts";
import type { ExportHub } from "../../net/export/hub.ts";
import type { ExportState, ExportStatus } from "../../net/status/status.ts";
import type { Logger } from "../log.ts";
import { openFileExport } from "./file-export.ts";
import { NbdExport } from "./nbd-export.ts";

/** How soon a server that could not be used at the start is tried again. */
const RETRY_MS = 5_000;

export interface ServedExportOptions {
  readonly name: string;
  readonly readOnly: boolean;
  readonly hub: ExportHub;
  readonly logger: Logger;
  /** Where it comes from, in words. */
  readonly description: string;
  readonly notice?: string;
}

/** One export from the wish to its end: it is added to the hub as soon as its back end is there. */
export class ServedExport {
  readonly #options: ServedExportOptions;
  #state: ExportState = "connecting";
  #detail = "It is being opened.";
  #back: (Export & { close(): void | Promise<void> }) | undefined;
  #retryTimer: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(options: ServedExportOptions) {
    this.#options = options;
  }

  status(): ExportStatus {
    const { name, readOnly, hub, description, notice } = this.#options;
    const counters = hub.counters(name);
    return {
      name,
      sizeBytes: this.#back?.sizeBytes ?? 0,
      readOnly: this.#back?.readOnly ?? readOnly,
      description,
      state: this.#state,
      detail: this.#detail,
      ...(notice !== undefined && { notice }),
      ...(this.#back instanceof NbdExport && { reconnects: this.#back.reconnects }),
      reads: counters?.reads ?? 0,
      readBytes: counters?.readBytes ?? 0,
      aheadBytes: counters?.aheadBytes ?? 0,
    };
  }

  fail(sentence: string): void {
    this.#set("failed", sentence);
  }

  async openFile(path: string): Promise<void> {
    const { name, readOnly, hub } = this.#options;
    try {
      const back = await openFileExport({ path, name, readOnly });
      this.#back = back;
      hub.add(back);
      this.#set("ready", "It is read from the file.");
    } catch (error) {
      this.fail((error as Error).message);
    }
  }

  /** Resolves after the first attempt. One that fails is repeated until it succeeds: the server may come later than we do. */
  async openNbd(url: string, openTimeoutMs?: number): Promise<void> {
    const { name, readOnly, hub } = this.#options;
    const back: NbdExport = new NbdExport({
      url,
      name,
      readOnly,
      ...(openTimeoutMs !== undefined && { openTimeoutMs }),
      onState: (state) => {
        switch (state.name) {
          case "ready":
            this.#set("ready", "It is connected.");
            break;
          case "connecting":
            break;
          case "reconnecting":
            this.#set("connecting", `The server is away, reads wait for it: ${state.lastError}.`);
            break;
          case "failed":
            this.fail(state.lastError);
            break;
          case "closed":
            break;
          default:
            state satisfies never;
        }
      },
    });
    this.#back = back;
    try {
      await back.opened;
      if (this.#closed) return;
      hub.add(back);
    } catch {
      await back.close();
      if (!this.#closed) this.#retryTimer = setTimeout(() => void this.openNbd(url, openTimeoutMs), RETRY_MS);
    }
  }

  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#retryTimer);
    await this.#back?.close();
  }

  #set(state: ExportState, detail: string): void {
    const { logger, description } = this.#options;
    const changed = state !== this.#state;
    this.#state = state;
    this.#detail = detail;
    if (!changed) return;
    if (state === "ready") logger.info(`ready, from ${description}`);
    else logger.warn(detail);
  }
}
