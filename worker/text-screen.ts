import type { MachineEvent, ScreenRow } from "./interface.ts";

const DEFAULT_COLUMNS = 80;
const DEFAULT_ROWS = 25;

/**
 * The text screen as the page shows it. A boot writes some 700,000 characters, mostly the same ones again when the screen
 * scrolls: only rows that differ are told, and only when somebody asks.
 */
export class TextScreen {
  #columns = DEFAULT_COLUMNS;
  #rows = DEFAULT_ROWS;
  #graphical = false;
  #characters = new Uint8Array(DEFAULT_COLUMNS * DEFAULT_ROWS);
  #foreground = new Uint32Array(DEFAULT_COLUMNS * DEFAULT_ROWS);
  #background = new Uint32Array(DEFAULT_COLUMNS * DEFAULT_ROWS);
  #dirtyRows = new Uint8Array(DEFAULT_ROWS);
  #cursorRow = 0;
  #cursorColumn = 0;
  #cursorVisible = true;
  #sizeChanged = false;
  #cursorChanged = false;
  #anyDirty = false;

  put(row: number, column: number, character: number, foreground: number, background: number): void {
    if (row >= this.#rows || column >= this.#columns) return;
    const cell = row * this.#columns + column;
    if (
      this.#characters[cell] === character &&
      this.#foreground[cell] === foreground &&
      this.#background[cell] === background
    ) {
      return;
    }
    this.#characters[cell] = character;
    this.#foreground[cell] = foreground;
    this.#background[cell] = background;
    this.#dirtyRows[row] = 1;
    this.#anyDirty = true;
  }

  moveCursor(row: number, column: number): void {
    if (row === this.#cursorRow && column === this.#cursorColumn) return;
    this.#cursorRow = row;
    this.#cursorColumn = column;
    this.#cursorChanged = true;
  }

  showCursor(visible: boolean): void {
    if (visible === this.#cursorVisible) return;
    this.#cursorVisible = visible;
    this.#cursorChanged = true;
  }

  /** Whether it shows pixels now. The text stays as it was. */
  get graphical(): boolean {
    return this.#graphical;
  }

  setMode(graphical: boolean): void {
    if (graphical === this.#graphical) return;
    this.#graphical = graphical;
    this.#sizeChanged = true;
    if (graphical) return;
    this.#dirtyRows.fill(1);
    this.#anyDirty = true;
  }

  resize(width: number, height: number): void {
    if (width === this.#columns && height === this.#rows) return;
    this.#columns = width;
    this.#rows = height;
    this.#characters = new Uint8Array(width * height);
    this.#foreground = new Uint32Array(width * height);
    this.#background = new Uint32Array(width * height);
    this.#dirtyRows = new Uint8Array(height).fill(1);
    this.#anyDirty = true;
    this.#sizeChanged = true;
  }

  get changed(): boolean {
    return this.#anyDirty || this.#sizeChanged || this.#cursorChanged;
  }

  /** What changed since the last call. The events' arrays are owned by the receiver. */
  takeChanges(): MachineEvent[] {
    const events: MachineEvent[] = [];
    if (this.#sizeChanged) {
      events.push({
        type: "screen-size",
        columns: this.#columns,
        rows: this.#rows,
        graphical: this.#graphical,
      });
      this.#sizeChanged = false;
    }
    if (this.#anyDirty) {
      events.push({ type: "screen-rows", rows: this.#takeRows() });
      this.#anyDirty = false;
    }
    if (this.#cursorChanged) {
      events.push({
        type: "cursor",
        row: this.#cursorRow,
        column: this.#cursorColumn,
        visible: this.#cursorVisible,
      });
      this.#cursorChanged = false;
    }
    return events;
  }

  /** Everything, to an observer that has seen nothing yet. */
  takeAll(): MachineEvent[] {
    this.#sizeChanged = true;
    this.#cursorChanged = true;
    this.#anyDirty = true;
    this.#dirtyRows.fill(1);
    return this.takeChanges();
  }

  #takeRows(): ScreenRow[] {
    const rows: ScreenRow[] = [];
    for (let row = 0; row < this.#rows; row++) {
      if (this.#dirtyRows[row] === 0) continue;
      this.#dirtyRows[row] = 0;
      const start = row * this.#columns;
      const end = start + this.#columns;
      rows.push({
        row,
        characters: this.#characters.slice(start, end),
        foreground: this.#foreground.slice(start, end),
        background: this.#background.slice(start, end),
      });
    }
    return rows;
  }
}
