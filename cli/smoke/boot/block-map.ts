/** How fine the map is. */
export const BLOCK_BYTES = 64 * 1024;
/** 64 GiB. Policy: drop-newest; a guest may ask for any offset. */
const MOST_BLOCKS = 1024 * 1024;

/** A run of blocks: the first, and how many. */
export type BlockRun = readonly [first: number, count: number];

/** Which parts of an image were asked for. */
export class BlockMap {
  readonly #blocks = new Set<number>();

  /** In bytes. */
  add(offset: number, length: number): void {
    if (length <= 0) return;
    const last = Math.floor((offset + length - 1) / BLOCK_BYTES);
    for (let block = Math.floor(offset / BLOCK_BYTES); block <= last; block += 1) {
      if (this.#blocks.size >= MOST_BLOCKS) return;
      this.#blocks.add(block);
    }
  }

  /** In ascending order; no two touch. */
  get runs(): BlockRun[] {
    return runsOf(this.#blocks);
  }
}

export function runsOf(blocks: Iterable<number>): BlockRun[] {
  const runs: [number, number][] = [];
  for (const block of [...blocks].sort((a, b) => a - b)) {
    const last = runs.at(-1);
    if (last !== undefined && last[0] + last[1] === block) last[1] += 1;
    else runs.push([block, 1]);
  }
  return runs;
}

export function blocksOf(runs: readonly BlockRun[]): number[] {
  return runs.flatMap(([first, count]) => Array.from({ length: count }, (_, index) => first + index));
}
