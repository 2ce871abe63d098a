import { mkdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { z } from "zod";
import type { LeasePoolState } from "../../net/dhcp/lease-pool.ts";
import { formatMac, parseMac } from "../../net/ethernet/mac.ts";
import { formatIpv4, parseIpv4 } from "../../net/ipv4/address.ts";
import type { Logger } from "../log.ts";
import type { LeaseStore } from "./lease-store.ts";

/** In the boot tree, next to what else a boot server knows. */
export const LEASE_FILE = join("state", "leases.json");

/** The largest pool is 1024 addresses, a line of the file about 120 bytes: what is longer was not written by us. */
const MOST_LEASES = 1024;
const LARGEST_FILE_BYTES = 256 * 1024;
/** Between two writes, however many leases change meanwhile. */
const REST_MS = 200;

/** A string that `parse` has to understand. */
const parsed = <Value>(parse: (text: string) => Value | undefined) =>
  z.string().transform((text, context) => {
    const value = parse(text);
    if (value !== undefined) return value;
    context.issues.push({ code: "custom", message: "cannot be read", input: text });
    return z.NEVER;
  });
const fileSchema = z.object({
  version: z.literal(1),
  leases: z
    .array(
      z.object({
        address: parsed(parseIpv4),
        /** Missing for an address that is declined. */
        mac: parsed(parseMac).optional(),
        state: z.enum(["bound", "released", "declined"]),
        expires: z.iso.datetime().transform((text) => Date.parse(text)),
      }),
    )
    .max(MOST_LEASES),
});
type StoredLeases = z.output<typeof fileSchema>["leases"];

export interface LeaseFileOptions {
  readonly path: string;
  readonly logger: Logger;
  /** A lease of the file that lasts longer is cut to this: the clock of the machine was wrong once. */
  readonly longestMs: number;
  /** Milliseconds since the epoch: the leases outlast the process, so its own clock will not do. */
  readonly now?: () => number;
}

/**
 * Leases in a JSON file, replaced as a whole shortly after they changed. A file that is damaged means a fresh start, with one
 * warning; a file that cannot be written means one warning, and leases that end with the process.
 */
export class LeaseFile implements LeaseStore {
  readonly #options: LeaseFileOptions;
  readonly #now: () => number;
  readonly #stored: StoredLeases;
  readonly #ends = new AbortController();
  #state: (() => LeasePoolState) | undefined;
  #isNews = false;
  #writing: Promise<void> | undefined;
  #hasFailed = false;

  private constructor(options: LeaseFileOptions, stored: StoredLeases) {
    this.#options = options;
    this.#now = options.now ?? Date.now;
    this.#stored = stored;
  }

  static async open(options: LeaseFileOptions): Promise<LeaseFile> {
    return new LeaseFile(options, await readLeases(options));
  }

  restore(): LeasePoolState | undefined {
    if (this.#state !== undefined) return this.#state();
    const nowMs = this.#now();
    const leases = this.#stored.map(({ expires, mac, ...lease }) => ({
      ...lease,
      ...(mac !== undefined && { mac }),
      remainingMs: Math.min(this.#options.longestMs, Math.max(0, expires - nowMs)),
    }));
    return { leases };
  }

  keep(state: () => LeasePoolState): void {
    this.#state = state;
    this.#isNews = true;
    this.#writing ??= this.#writeNews();
  }

  /** Writes what is not written yet. */
  async close(): Promise<void> {
    this.#ends.abort();
    await this.#writing;
  }

  async #writeNews(): Promise<void> {
    // Not in the middle of the answer that changed the lease.
    await Promise.resolve();
    while (this.#isNews) {
      this.#isNews = false;
      await this.#write();
      await sleep(REST_MS, undefined, { ref: false, signal: this.#ends.signal }).catch(() => {});
    }
    this.#writing = undefined;
  }

  async #write(): Promise<void> {
    const { path, logger } = this.#options;
    // Whole or not at all, whoever reads meanwhile and whenever the process ends.
    const partial = `${path}.${process.pid}.partial`;
    const text = this.#text();
    try {
      await mkdir(dirname(path), { recursive: true });
      await writeFile(partial, text);
      await rename(partial, path);
      this.#hasFailed = false;
    } catch (error) {
      await rm(partial, { force: true }).catch(() => {});
      if (!this.#hasFailed) {
        logger.warn(
          `${path} cannot be written (${(error as Error).message}): after a restart, clients may get other addresses. Make the folder writable.`,
        );
      }
      this.#hasFailed = true;
    }
  }

  #text(): string {
    const nowMs = this.#now();
    const leases = (this.#state?.().leases ?? []).filter(({ state }) => state !== "offered");
    const lines = leases.map(({ address, mac, state, remainingMs }) =>
      JSON.stringify({
        address: formatIpv4(address),
        mac: mac === undefined ? undefined : formatMac(mac),
        state,
        expires: new Date(nowMs + remainingMs).toISOString(),
      }),
    );
    return `{"version":1,"leases":[\n${lines.join(",\n")}\n]}\n`;
  }
}

/** Never rejects: without a file there are no leases. */
async function readLeases({ path, logger }: LeaseFileOptions): Promise<StoredLeases> {
  try {
    const { size } = await stat(path);
    if (size > LARGEST_FILE_BYTES) throw new Error(`it has ${size} bytes`);
    return fileSchema.parse(JSON.parse(await readFile(path, "utf8"))).leases;
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code !== "ENOENT") {
      const reason = error instanceof z.ZodError ? "it is not of the shape that netroot writes" : message;
      logger.warn(
        `${path} cannot be used (${reason}): every client is new, and the file is replaced with its next lease.`,
      );
    }
    return [];
  }
}
