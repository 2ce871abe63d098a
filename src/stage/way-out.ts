/**
 * Ctrl+Alt, pressed and let go with nothing between, gives the keyboard back to the page. A console wants Tab and Escape for
 * itself, so that there must be another way out. Only the left Alt counts: the right one is AltGr, which some systems report
 * as Ctrl+Alt.
 */
export class WayOut {
  readonly #down = new Set<string>();
  #clean = false;

  keyDown(code: string): void {
    if (this.#down.size === 0) this.#clean = true;
    if (code !== "ControlLeft" && code !== "AltLeft") this.#clean = false;
    this.#down.add(code);
  }

  /** Whether this was the way out. */
  keyUp(code: string): boolean {
    const both = this.#down.has("ControlLeft") && this.#down.has("AltLeft");
    this.#down.delete(code);
    const out = both && this.#clean;
    if (out) this.reset();
    return out;
  }

  /** The window lost the keyboard: what is let go now is not heard. */
  reset(): void {
    this.#down.clear();
    this.#clean = false;
  }
}
