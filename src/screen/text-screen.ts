import type { ScreenRow } from "../../worker/interface.ts";
import { CP437 } from "./cp437.ts";

export interface ScreenCursor {
  readonly row: number;
  readonly column: number;
  readonly visible: boolean;
}

/** The text screen's content, and which of its rows have yet to be painted. */
export class TextScreen {
  #rows: (ScreenRow | undefined)[] = [];
  #dirty = new Set<number>();
  columns = 80;
  rows = 25;
  graphical = false;
  cursor: ScreenCursor = { row: 0, column: 0, visible: false };

  resize(columns: number, rows: number, graphical: boolean): void {
    this.columns = columns;
    this.rows = rows;
    this.graphical = graphical;
    this.#rows.length = Math.min(this.#rows.length, rows);
    this.touchAll();
  }

  setRows(rows: readonly ScreenRow[]): void {
    for (const row of rows) {
      if (row.row >= this.rows) continue;
      this.#rows[row.row] = row;
      this.#dirty.add(row.row);
    }
  }

  setCursor(cursor: ScreenCursor): void {
    this.#dirty.add(this.cursor.row).add(cursor.row);
    this.cursor = cursor;
  }

  clear(): void {
    this.#rows = [];
    this.cursor = { row: 0, column: 0, visible: false };
    this.touchAll();
  }

  row(index: number): ScreenRow | undefined {
    return this.#rows[index];
  }

  touchAll(): void {
    for (let row = 0; row < this.rows; row++) this.#dirty.add(row);
  }

  /** The rows to paint; they count as painted from now on. */
  takeDirty(): readonly number[] {
    const rows = [...this.#dirty].filter((row) => row < this.rows);
    this.#dirty.clear();
    return rows;
  }

  /** Blanks at the end of a row are nothing. */
  text(): string {
    return Array.from({ length: this.rows }, (_, row) =>
      Array.from(this.#rows[row]?.characters ?? [], (code) => CP437[code]!)
        .join("")
        .trimEnd(),
    ).join("\n");
  }
}
