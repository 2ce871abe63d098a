/** The unit of traces and of the tab's cache. */
export const BLOCK_BYTES = 32 * 1024;

/** 48 MiB: what a boot reads, and no more than the tab's cache holds. */
export const MAX_TRACE_BLOCKS = 1536;

/**
 * Which blocks of an export boots have asked for, in the order of their first time. Bounded: what is beyond is left out.
 * It is a hint from clients; the worst that a wrong one costs is reads that nobody needed.
 */
export class BootTrace {
  readonly #blocks = new Set<number>();

  /** @param blockCount how many blocks the export has: others are left out */
  add(blocks: readonly number[], blockCount: number): void {
    for (const block of blocks) {
      if (this.#blocks.size >= MAX_TRACE_BLOCKS) return;
      if (block < blockCount) this.#blocks.add(block);
    }
  }

  list(): readonly number[] {
    return [...this.#blocks];
  }
}

export function blockCountOf(sizeBytes: number): number {
  return Math.ceil(sizeBytes / BLOCK_BYTES);
}
