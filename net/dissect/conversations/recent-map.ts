/** A map that holds no more than so many entries. Policy: drop-oldest, by when they were set. */
export class RecentMap<Key, Value> {
  readonly #most: number;
  readonly #entries = new Map<Key, Value>();
  /** Entries that had to go. */
  dropped = 0;

  constructor(most: number) {
    this.#most = most;
  }

  get(key: Key): Value | undefined {
    return this.#entries.get(key);
  }

  set(key: Key, value: Value): void {
    this.#entries.delete(key);
    this.#entries.set(key, value);
    if (this.#entries.size <= this.#most) return;
    this.#entries.delete(this.#entries.keys().next().value!);
    this.dropped += 1;
  }

  delete(key: Key): void {
    this.#entries.delete(key);
  }
}
