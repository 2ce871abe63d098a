const MOST_CHARACTERS = 2 * 1024 * 1024;

/** The console's text so far. Bound: 2 Mi characters; policy: drop-oldest; counter: `dropped`. */
export class SerialLog {
  #decoder = new TextDecoder();
  #chunks: string[] = [];
  #length = 0;
  /** Characters that were dropped since power-on. */
  dropped = 0;

  /** Any split of the bytes will do: a character may be cut in two. */
  append(bytes: Uint8Array): void {
    const text = this.#decoder.decode(bytes, { stream: true });
    if (text === "") return;
    this.#chunks.push(text);
    this.#length += text.length;
    if (this.#length > 2 * MOST_CHARACTERS) this.#trim();
  }

  get empty(): boolean {
    return this.#length === 0;
  }

  text(): string {
    this.#trim();
    return this.#chunks[0] ?? "";
  }

  clear(): void {
    this.#decoder = new TextDecoder();
    this.#chunks = [];
    this.#length = 0;
    this.dropped = 0;
  }

  #trim(): void {
    const whole = this.#chunks.join("");
    const kept = whole.slice(-MOST_CHARACTERS);
    this.dropped += whole.length - kept.length;
    this.#chunks = [kept];
    this.#length = kept.length;
  }
}
