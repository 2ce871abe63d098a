import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { type AoeAddress, formatAoeAddress } from "../../net/aoe/address.ts";
import type { Notice } from "../../net/status/status.ts";
import type { Logger } from "../log.ts";
import { findProgram } from "./find-program.ts";

export interface VbladeOptions {
  /** The network interface on which it answers. */
  readonly device: string;
  readonly address: AoeAddress;
  /** Path of the image file. */
  readonly image: string;
  readonly readOnly: boolean;
  readonly logger: Logger;
}

/** vblade does not start. The message says so in a sentence, with its own last words. */
export class VbladeError extends Error {
  constructor(message: string) {
    super(message);
    this.name = "VbladeError";
  }
}

export interface Vblade {
  /** Ends it. */
  close(): Promise<void>;
}

const FIRST_RETRY_MS = 200;
const LONGEST_RETRY_MS = 5_000;

/**
 * Starts the real vblade; resolves when it has opened image and interface, and serves. One that dies later is started again:
 * AoE has no connection, so its guests see a pause. Rejects with a `VbladeError`.
 */
export async function startVblade(options: VbladeOptions): Promise<Vblade> {
  const program = findProgram("vblade");
  if (program === undefined)
    throw new VbladeError("vblade is not installed. Install it with: apt install vblade");
  const run = new VbladeRun(program, options);
  await run.start();
  return run;
}

class VbladeRun implements Vblade {
  readonly #program: string;
  readonly #options: VbladeOptions;
  #child: ChildProcess | undefined;
  #retry: NodeJS.Timeout | undefined;
  #retryMs = FIRST_RETRY_MS;
  #closed = false;
  #ended: Promise<string> = Promise.resolve("");

  constructor(program: string, options: VbladeOptions) {
    this.#program = program;
    this.#options = options;
  }

  async start(): Promise<void> {
    const serves = this.#launch();
    const died = this.#ended.then((lastWords) => {
      throw new VbladeError(`vblade does not start: ${lastWords}`);
    });
    await Promise.race([serves, died]);
    // It runs, so its end is no longer the start's.
    died.catch(() => {});
    this.#keepUp();
  }

  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#retry);
    this.#child?.kill("SIGTERM");
    await this.#ended;
  }

  /** Resolves when it serves; `#ended`, with its last words, when it does not any more. */
  #launch(): Promise<void> {
    const { device, address, image, readOnly, logger } = this.#options;
    const { shelf, slot } = address;
    const args = [...(readOnly ? ["-r"] : []), String(shelf), String(slot), device, image];
    const child = spawn(this.#program, args, { stdio: ["ignore", "pipe", "pipe"] });
    this.#child = child;
    let lastWords = "";
    return new Promise((serves) => {
      for (const output of [child.stdout, child.stderr])
        createInterface({ input: output }).on("line", (line) => {
          // "pid 4711: e0.1, 12345 sectors O_RDONLY": its first words, once everything is open.
          if (/^pid \d+: e\d+\.\d+, \d+ sectors/.test(line)) {
            logger.info(`vblade serves ${formatAoeAddress(address)} on ${device}: ${image}`);
            serves();
          } else {
            lastWords = line;
            logger.warn(`vblade: ${line}`);
          }
        });
      this.#ended = new Promise((ended) => {
        child.once("error", (error) => ended(error.message));
        child.once("close", (code, signal) =>
          ended(lastWords || `it ended with ${signal ?? `exit code ${code}`}.`),
        );
      });
    });
  }

  #keepUp(): void {
    const startedMs = performance.now();
    void this.#ended.then((lastWords) => {
      if (this.#closed) return;
      if (performance.now() - startedMs > LONGEST_RETRY_MS) this.#retryMs = FIRST_RETRY_MS;
      this.#options.logger.warn(`vblade ended and is started again: ${lastWords}`);
      this.#retry = setTimeout(() => {
        void this.#launch();
        this.#keepUp();
      }, this.#retryMs);
      this.#retryMs = Math.min(LONGEST_RETRY_MS, 2 * this.#retryMs);
    });
  }
}

export interface VbladesOptions {
  readonly device: string;
  readonly exports: readonly (Pick<VbladeOptions, "address" | "image" | "readOnly"> & {
    readonly name: string;
  })[];
  readonly logger: Logger;
}

/** Starts one vblade for each export; one that does not start is a notice, and the others serve all the same. */
export async function startVblades({
  device,
  exports,
  logger,
}: VbladesOptions): Promise<Vblade & { readonly notices: readonly Notice[] }> {
  const notices: Notice[] = [];
  const running: Vblade[] = [];
  for (const { name, ...what } of exports) {
    try {
      running.push(await startVblade({ ...what, device, logger: logger.child(`export ${name}`) }));
    } catch (error) {
      const place = formatAoeAddress(what.address);
      const message = `The export "${name}" is no AoE target ${place}: ${(error as Error).message}`;
      notices.push({ code: "vblade-failed", message });
    }
  }
  return {
    notices,
    close: async () => {
      await Promise.all(running.map((one) => one.close()));
    },
  };
}
