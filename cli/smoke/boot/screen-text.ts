import type { MachineEvent } from "../../../worker/interface.ts";

/** A machine's text screen as lines of text, kept up to date by its events. */
export class ScreenText {
  #rows: string[] = [];
  #graphical = false;

  /** Whether the event said something about the screen. */
  take(event: MachineEvent): boolean {
    if (event.type === "screen-size") {
      this.#graphical = event.graphical;
      if (!event.graphical)
        this.#rows = Array.from({ length: event.rows }, (_, row) => this.#rows[row] ?? "");
      return true;
    }
    if (event.type !== "screen-rows") return false;
    for (const { row, characters } of event.rows) {
      this.#rows[row] = String.fromCharCode(
        ...characters.map((code) => (code >= 0x20 && code < 0x7f ? code : 0x20)),
      ).trimEnd();
    }
    return true;
  }

  /** In graphical mode the text is what was there before. */
  get graphical(): boolean {
    return this.#graphical;
  }

  /** A line a row, without blanks at its end and empty rows at the bottom. */
  get text(): string {
    return Array.from(this.#rows, (row) => row ?? "")
      .join("\n")
      .trimEnd();
  }

  clear(): void {
    this.#rows = [];
    this.#graphical = false;
  }
}
