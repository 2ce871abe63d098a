export interface Bin {
  /** Values from here on; the first bin has what is below the others, too. */
  readonly from: number;
  readonly count: number;
}

/** Counts values by powers of two: the first bin begins at `least`, and there are `bins` of them. */
export class Histogram {
  readonly #least: number;
  readonly #counts: number[];

  constructor(least: number, bins: number) {
    this.#least = least;
    this.#counts = new Array(bins).fill(0);
  }

  add(value: number): void {
    const bin = Math.floor(Math.log2(Math.max(value, this.#least) / this.#least));
    this.#counts[Math.min(bin, this.#counts.length - 1)]! += 1;
  }

  get bins(): readonly Bin[] {
    return this.#counts.map((count, bin) => ({ from: this.#least * 2 ** bin, count }));
  }
}
