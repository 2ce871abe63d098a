import type { Clock } from "../clock.ts";
import { type Export, ExportError } from "./export.ts";

/** Totals of one export since the hub was made; what is read ahead is counted apart. Milliseconds are summed over answered requests; several overlap. */
export interface ExportCounters {
  reads: number;
  readBytes: number;
  readMs: number;
  writes: number;
  writtenBytes: number;
  writeMs: number;
  errors: number;
  /** Answered reads that nobody waited for. */
  aheadReads: number;
  aheadBytes: number;
}

/** One request that was answered, for block maps and histograms. Offsets and lengths in bytes. */
export interface BlockAccess {
  readonly name: string;
  readonly write: boolean;
  readonly offset: number;
  readonly length: number;
  /** From the request to its answer. */
  readonly ms: number;
}

/** All exports by name. The one place that checks bounds, enforces read-only and counts. */
export class ExportHub {
  readonly #exports = new Map<string, CountedExport>();
  readonly #clock: Clock;
  #observe: ((access: BlockAccess) => void) | undefined;
  readonly #awaited = new Set<(added: Export) => void>();

  /** Without a clock everything takes no time. */
  constructor(clock: Clock = { now: () => 0 }) {
    this.#clock = clock;
  }

  /** Throws when there is one of that name already. */
  add(back: Export): void {
    if (this.#exports.has(back.name)) throw new Error(`There are two exports named "${back.name}".`);
    const added = new CountedExport(back, this.#clock, (access) => this.#observe?.(access));
    this.#exports.set(back.name, added);
    for (const listener of [...this.#awaited]) listener(added);
  }

  /** Tells of every export that is added from now on: servers answer late. The result ends it. */
  onAdded(listener: (added: Export) => void): () => void {
    this.#awaited.add(listener);
    return () => this.#awaited.delete(listener);
  }

  get(name: string): Export | undefined {
    return this.#exports.get(name);
  }

  counters(name: string): Readonly<ExportCounters> | undefined {
    return this.#exports.get(name)?.counters;
  }

  /** Sorted: exports are added as their servers answer, and a list that changes its order confuses people. */
  names(): string[] {
    return [...this.#exports.keys()].sort();
  }

  /** The same exports for those who read what nobody asked for yet. Such reads are counted apart, and not observed. */
  readonly ahead = {
    get: (name: string): Export | undefined => this.#exports.get(name)?.ahead,
    names: (): string[] => this.names(),
  };

  /** One observer, told after each request that was answered; it replaces the one before. */
  observe(observer: (access: BlockAccess) => void): void {
    this.#observe = observer;
  }
}

class CountedExport implements Export {
  readonly counters: ExportCounters = {
    reads: 0,
    readBytes: 0,
    readMs: 0,
    writes: 0,
    writtenBytes: 0,
    writeMs: 0,
    errors: 0,
    aheadReads: 0,
    aheadBytes: 0,
  };
  readonly ahead: Export;
  readonly #back: Export;
  readonly #clock: Clock;
  readonly #observe: (access: BlockAccess) => void;

  constructor(back: Export, clock: Clock, observe: (access: BlockAccess) => void) {
    this.#back = back;
    this.#clock = clock;
    this.#observe = observe;
    this.ahead = new AheadExport(back.name, this, (offset, length) => this.#readAhead(offset, length));
  }

  get name(): string {
    return this.#back.name;
  }
  get sizeBytes(): number {
    return this.#back.sizeBytes;
  }
  get readOnly(): boolean {
    return this.#back.readOnly || this.#back.write === undefined;
  }
  get description(): string {
    return this.#back.description;
  }

  async read(offset: number, length: number): Promise<Uint8Array> {
    const start = this.#clock.now();
    const bytes = await this.#readBack(offset, length);
    const ms = this.#clock.now() - start;
    this.counters.reads += 1;
    this.counters.readBytes += length;
    this.counters.readMs += ms;
    this.#observe({ name: this.name, write: false, offset, length, ms });
    return bytes;
  }

  giveBack(bytes: Uint8Array): void {
    this.#back.giveBack?.(bytes);
  }

  async write(offset: number, bytes: Uint8Array): Promise<void> {
    const start = this.#clock.now();
    const { length } = bytes;
    await this.#counted(async () => {
      if (this.readOnly) throw new ExportError("EPERM", `The export "${this.name}" is read-only.`);
      this.#checkBounds(offset, length, "ENOSPC");
      await this.#back.write?.(offset, bytes);
    });
    const ms = this.#clock.now() - start;
    this.counters.writes += 1;
    this.counters.writtenBytes += length;
    this.counters.writeMs += ms;
    this.#observe({ name: this.name, write: true, offset, length, ms });
  }

  async flush(): Promise<void> {
    await this.#counted(async () => this.#back.flush?.());
  }

  async #readAhead(offset: number, length: number): Promise<Uint8Array> {
    const bytes = await this.#readBack(offset, length);
    this.counters.aheadReads += 1;
    this.counters.aheadBytes += length;
    return bytes;
  }

  #readBack(offset: number, length: number): Promise<Uint8Array> {
    return this.#counted(async () => {
      this.#checkBounds(offset, length, "EINVAL");
      const answer = await this.#back.read(offset, length);
      // One byte too few would shift everything that a guest reads after it.
      if (answer.length !== length) {
        throw new ExportError(
          "EIO",
          `The back end of "${this.name}" gave ${answer.length} bytes instead of ${length}.`,
        );
      }
      return answer;
    });
  }

  async #counted<T>(request: () => Promise<T>): Promise<T> {
    try {
      return await request();
    } catch (error) {
      this.counters.errors += 1;
      throw error;
    }
  }

  /** Reads beyond the end are EINVAL, writes ENOSPC (the NBD protocol, "Error values"). */
  #checkBounds(offset: number, length: number, code: "EINVAL" | "ENOSPC"): void {
    const end = offset + length;
    if (Number.isSafeInteger(end) && offset >= 0 && length >= 0 && end <= this.sizeBytes) return;
    throw new ExportError(
      code,
      `${length} bytes at ${offset} reach beyond the end of the export "${this.name}" (${this.sizeBytes} bytes).`,
    );
  }
}

/** Reads only: who reads ahead has nothing to write. */
class AheadExport implements Export {
  readonly name: string;
  readonly readOnly = true;
  readonly read: Export["read"];
  readonly #target: Export;

  constructor(name: string, target: Export, read: Export["read"]) {
    this.name = name;
    this.#target = target;
    this.read = read;
  }

  get sizeBytes(): number {
    return this.#target.sizeBytes;
  }
  get description(): string {
    return this.#target.description;
  }
}
