import { type Export, ExportError } from "./export.ts";

/** Totals of one export since the hub was made. */
export interface ExportCounters {
  reads: number;
  readBytes: number;
  writes: number;
  writtenBytes: number;
  errors: number;
}

/** One request that was answered, for block maps and histograms. Offsets and lengths in bytes. */
export interface BlockAccess {
  readonly name: string;
  readonly write: boolean;
  readonly offset: number;
  readonly length: number;
}

/** All exports by name. The one place that checks bounds, enforces read-only and counts. */
export class ExportHub {
  readonly #exports = new Map<string, CountedExport>();
  #observe: ((access: BlockAccess) => void) | undefined;

  /** Throws when there is one of that name already. */
  add(back: Export): void {
    if (this.#exports.has(back.name)) throw new Error(`There are two exports named "${back.name}".`);
    this.#exports.set(back.name, new CountedExport(back, (access) => this.#observe?.(access)));
  }

  get(name: string): Export | undefined {
    return this.#exports.get(name);
  }

  counters(name: string): Readonly<ExportCounters> | undefined {
    return this.#exports.get(name)?.counters;
  }

  names(): string[] {
    return [...this.#exports.keys()];
  }

  /** One observer, told after each request that was answered; it replaces the one before. */
  observe(observer: (access: BlockAccess) => void): void {
    this.#observe = observer;
  }
}

class CountedExport implements Export {
  readonly counters: ExportCounters = { reads: 0, readBytes: 0, writes: 0, writtenBytes: 0, errors: 0 };
  readonly #back: Export;
  readonly #observe: (access: BlockAccess) => void;

  constructor(back: Export, observe: (access: BlockAccess) => void) {
    this.#back = back;
    this.#observe = observe;
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
    const bytes = await this.#counted(() => {
      this.#checkBounds(offset, length, "EINVAL");
      return this.#back.read(offset, length);
    });
    this.counters.reads += 1;
    this.counters.readBytes += length;
    this.#observe({ name: this.name, write: false, offset, length });
    return bytes;
  }

  async write(offset: number, bytes: Uint8Array): Promise<void> {
    await this.#counted(async () => {
      if (this.readOnly) throw new ExportError("EPERM", `The export "${this.name}" is read-only.`);
      this.#checkBounds(offset, bytes.length, "ENOSPC");
      await this.#back.write?.(offset, bytes);
    });
    this.counters.writes += 1;
    this.counters.writtenBytes += bytes.length;
    this.#observe({ name: this.name, write: true, offset, length: bytes.length });
  }

  async flush(): Promise<void> {
    await this.#counted(async () => this.#back.flush?.());
  }

  async #counted<T>(request: () => Promise<T>): Promise<T> {
    try {
      return await request();
    } catch (error) {
      this.counters.errors += 1;
      throw error;
    }
  }

  #checkBounds(offset: number, length: number, code: "EINVAL" | "ENOSPC"): void {
    if (offset >= 0 && length >= 0 && offset + length <= this.sizeBytes) return;
    throw new ExportError(
      code,
      `${length} bytes at ${offset} reach beyond the end of the export "${this.name}" (${this.sizeBytes} bytes).`,
    );
  }
}
