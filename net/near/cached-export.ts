import type { Clock } from "../clock.ts";
import { type Export, ExportError } from "../export/export.ts";
import { BlockStore } from "./block-store.ts";
import { BLOCK_BYTES, blockCountOf } from "./boot-trace.ts";
import { ReadAhead } from "./read-ahead.ts";

export interface CachedExportOptions {
  /** A read-only export. What the guest waits for is read here … */
  readonly back: Export;
  /** … and here what it is expected to ask for: the same bytes, on a connection of their own. */
  readonly ahead: Pick<Export, "read">;
  readonly sizeBytes: number;
  readonly clock: Clock;
  /** Told once of each block, when it is first asked for. */
  readonly asked?: (block: number) => void;
  /** 64 MiB unless given. */
  readonly maxBytes?: number;
}

export interface CacheCounters {
  /** Blocks that were there when they were asked for, that were on their way, and that had to be fetched. */
  hits: number;
  coalesced: number;
  misses: number;
  /** Bytes fetched because the guest waited, and ahead of it. */
  fetchedBytes: number;
  aheadBytes: number;
  /** Reads ahead that failed: the guest's own read tells what is wrong. */
  aheadFailures: number;
}

const DEFAULT_MAX_BYTES = 64 * 1024 * 1024;
/** Reads ahead that are under way at a time, and blocks in one of them: 1 MiB together. */
const MAX_AHEAD_READS = 4;
const MAX_AHEAD_BLOCKS = 8;
/** 512 KiB: what the guest waits for comes in pieces that no message limit refuses. */
const MAX_RUN_BLOCKS = 16;

/** A read-only export with its blocks in memory. A block is fetched once, however many wait for it, and ahead where it can be. */
export class CachedExport implements Export {
  readonly readOnly = true;
  readonly sizeBytes: number;
  readonly counters: CacheCounters = {
    hits: 0,
    coalesced: 0,
    misses: 0,
    fetchedBytes: 0,
    aheadBytes: 0,
    aheadFailures: 0,
  };
  readonly #options: CachedExportOptions;
  readonly #store: BlockStore;
  readonly #readAhead: ReadAhead;
  /** Blocks on their way. One that was read ahead and failed comes as `undefined`. */
  readonly #coming = new Map<number, Promise<Uint8Array | undefined>>();
  readonly #seen = new Set<number>();
  #aheadReads = 0;

  constructor(options: CachedExportOptions) {
    this.#options = options;
    this.sizeBytes = options.sizeBytes;
    this.#store = new BlockStore(options.maxBytes ?? DEFAULT_MAX_BYTES);
    this.#readAhead = new ReadAhead(blockCountOf(options.sizeBytes));
  }

  get name(): string {
    return this.#options.back.name;
  }
  get description(): string {
    return this.#options.back.description;
  }
  /** Bytes in memory, and blocks that had to make room. */
  get cachedBytes(): number {
    return this.#store.bytes;
  }
  get evictions(): number {
    return this.#store.evictions;
  }

  /** Begins to fetch what earlier boots asked for. */
  follow(trace: readonly number[]): void {
    const blockCount = blockCountOf(this.sizeBytes);
    this.#readAhead.follow(trace.filter((block) => block < blockCount));
    this.#fetchAhead();
  }

  async read(offset: number, length: number): Promise<Uint8Array> {
    const first = Math.floor(offset / BLOCK_BYTES);
    const last = Math.floor((offset + length - 1) / BLOCK_BYTES);
    if (!(offset >= 0 && length > 0 && offset + length <= this.sizeBytes)) {
      throw new ExportError("EINVAL", `${length} bytes at ${offset} are not in the export "${this.name}".`);
    }
    const missed = this.counters.misses;
    const blocks = this.#blocks(first, last);
    for (let block = first; block <= last; block += 1) this.#note(block);
    this.#readAhead.asked(first, last, this.counters.misses > missed);
    this.#fetchAhead();
    return cut(await Promise.all(blocks), offset - first * BLOCK_BYTES, length);
  }

  /** Forgets everything. Reads under way are answered. */
  clear(): void {
    this.#readAhead.forget();
    this.#store.clear();
  }

  #note(block: number): void {
    if (this.#seen.has(block)) return;
    this.#seen.add(block);
    this.#options.asked?.(block);
  }

  #blocks(first: number, last: number): (Uint8Array | Promise<Uint8Array>)[] {
    const blocks: (Uint8Array | Promise<Uint8Array>)[] = [];
    for (let block = first; block <= last; ) {
      const stored = this.#store.get(block);
      const coming = this.#coming.get(block);
      if (stored !== undefined) {
        this.counters.hits += 1;
        blocks.push(stored);
        block += 1;
      } else if (coming !== undefined) {
        this.counters.coalesced += 1;
        blocks.push(this.#instead(block, coming));
        block += 1;
      } else {
        const run = this.#fetch(block, Math.min(last, block + MAX_RUN_BLOCKS - 1));
        blocks.push(...run);
        block += run.length;
      }
    }
    return blocks;
  }

  /** What was to come ahead and failed is fetched as what it is now: something that the guest waits for. */
  async #instead(block: number, coming: Promise<Uint8Array | undefined>): Promise<Uint8Array> {
    return (await coming) ?? this.#store.get(block) ?? this.#fetch(block, block)[0]!;
  }

  /** Fetches what is missing from `first` on, up to `last` or to what is there. */
  #fetch(first: number, last: number): Promise<Uint8Array>[] {
    let end = first + 1;
    while (end <= last && !this.#store.has(end) && !this.#coming.has(end)) end += 1;
    const { clock, back } = this.#options;
    const startMs = clock.now();
    const { offset, length } = this.#extent(first, end);
    this.counters.misses += end - first;
    const answer = back.read(offset, length).then((bytes) => {
      this.counters.fetchedBytes += length;
      this.#readAhead.measured(clock.now() - startMs);
      return bytes;
    });
    return this.#expect(first, end, answer);
  }

  #fetchAhead(): void {
    const isThere = (block: number) => this.#store.has(block) || this.#coming.has(block);
    while (this.#aheadReads < MAX_AHEAD_READS) {
      const first = this.#readAhead.next(isThere);
      if (first === undefined) return;
      let end = first + 1;
      while (end < first + MAX_AHEAD_BLOCKS && !isThere(end) && this.#readAhead.takeIf(end)) end += 1;
      this.#readAheadFrom(first, end);
    }
  }

  #readAheadFrom(first: number, end: number): void {
    const { offset, length } = this.#extent(first, end);
    this.#aheadReads += 1;
    const answer = this.#options.ahead.read(offset, length);
    for (const each of this.#expect(first, end, answer)) each.catch(() => {});
    answer
      .then(
        () => {
          this.counters.aheadBytes += length;
        },
        () => {
          this.counters.aheadFailures += 1;
        },
      )
      .then(() => {
        this.#aheadReads -= 1;
        this.#fetchAhead();
      });
  }

  /** Cuts an answer into its blocks, and keeps them. */
  #expect(first: number, end: number, answer: Promise<Uint8Array>): Promise<Uint8Array>[] {
    return Array.from({ length: end - first }, (_, index) => {
      const block = first + index;
      const bytes = answer.then((all) => {
        const own = all.subarray(index * BLOCK_BYTES, (index + 1) * BLOCK_BYTES);
        this.#store.put(block, own);
        return own;
      });
      const coming = bytes
        .catch(() => undefined)
        .finally(() => {
          this.#coming.delete(block);
        });
      this.#coming.set(block, coming);
      return bytes;
    });
  }

  #extent(first: number, end: number): { offset: number; length: number } {
    const offset = first * BLOCK_BYTES;
    return { offset, length: Math.min(end * BLOCK_BYTES, this.sizeBytes) - offset };
  }
}

function cut(blocks: readonly Uint8Array[], offset: number, length: number): Uint8Array {
  if (blocks.length === 1) return blocks[0]!.subarray(offset, offset + length);
  const bytes = new Uint8Array(length);
  let filled = 0;
  let from = offset;
  for (const block of blocks) {
    const part = block.subarray(from, from + length - filled);
    bytes.set(part, filled);
    filled += part.length;
    from = 0;
  }
  return bytes;
}
