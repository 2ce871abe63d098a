import { create } from "../dom.ts";
import type { BlockMap } from "./block-map.ts";

export interface MapColours {
  /** What was not read. */
  readonly empty: string;
  /** Red, green and blue of what was read first, and last. */
  readonly early: readonly number[];
  readonly late: readonly number[];
  /** Of what stands on the colours, and around a cell. */
  readonly dot: string;
  readonly ink: string;
}

/** Between two cells. */
const GAP_PX = 1;
/** Reads from which on a cell has a dot, and a large one. */
const AGAIN = 2;
const OFTEN = 6;
const LARGEST_CELL_PX = 30;

/** The cells of a map, row by row. With the keyboard or the pointer one of them is pointed at. */
export class MapCanvas {
  readonly element = create("canvas", "block-canvas");
  readonly #colours: () => MapColours;
  readonly #onPoint: (cell: number) => void;
  #map: BlockMap | undefined;
  #columns = 1;
  #cellPx = 1;
  #pointed = 0;

  constructor(colours: () => MapColours, onPoint: (cell: number) => void) {
    this.#colours = colours;
    this.#onPoint = onPoint;
    const { element } = this;
    element.tabIndex = 0;
    element.setAttribute("role", "application");
    element.setAttribute("aria-label", "Map of the root image");
    element.setAttribute("aria-describedby", "block-cell");
    element.addEventListener("pointermove", (event) => this.#pointAt(event.offsetX, event.offsetY));
    element.addEventListener("keydown", (event) => this.#key(event));
    new ResizeObserver(() => this.draw()).observe(element);
  }

  get pointed(): number {
    return this.#pointed;
  }

  show(map: BlockMap | undefined): void {
    this.#map = map;
    this.draw();
  }

  draw(): void {
    const { element } = this;
    const context = element.getContext("2d");
    const [width, height] = [element.clientWidth, element.clientHeight];
    if (context === null || width === 0 || height === 0) return;
    const scale = devicePixelRatio;
    element.width = Math.round(width * scale);
    element.height = Math.round(height * scale);
    context.scale(scale, scale);
    const cells = this.#map?.cells ?? [];
    if (cells.length === 0) return;
    this.#fit(width, height, cells.length);
    const colours = this.#colours();
    const times = cells.flatMap((cell) => (cell === undefined ? [] : [cell.firstMs]));
    const firstMs = times.reduce((least, ms) => Math.min(least, ms), Number.POSITIVE_INFINITY);
    const spanMs = Math.max(1, times.reduce((most, ms) => Math.max(most, ms), 0) - firstMs);
    const sizePx = this.#cellPx - GAP_PX;
    for (const [index, cell] of cells.entries()) {
      const [x, y] = this.#corner(index);
      const late = cell === undefined ? 0 : (cell.firstMs - firstMs) / spanMs;
      context.fillStyle = cell === undefined ? colours.empty : mixed(colours.early, colours.late, late);
      context.fillRect(x, y, sizePx, sizePx);
      if (cell === undefined || cell.reads < AGAIN) continue;
      context.fillStyle = colours.dot;
      context.beginPath();
      context.arc(x + sizePx / 2, y + sizePx / 2, sizePx * (cell.reads < OFTEN ? 0.15 : 0.3), 0, 2 * Math.PI);
      context.fill();
    }
    const [x, y] = this.#corner(this.#pointed);
    context.strokeStyle = colours.ink;
    context.lineWidth = 2;
    context.strokeRect(x, y, sizePx, sizePx);
  }

  /** The largest cells with which all fit. */
  #fit(width: number, height: number, count: number): void {
    let sizePx = Math.min(LARGEST_CELL_PX, Math.floor(Math.sqrt((width * height) / count)) + 1);
    while (sizePx > 2 && Math.ceil(count / Math.floor(width / sizePx)) * sizePx > height) sizePx -= 1;
    this.#cellPx = sizePx;
    this.#columns = Math.max(1, Math.floor(width / sizePx));
  }

  #corner(index: number): readonly [number, number] {
    return [(index % this.#columns) * this.#cellPx + 1, Math.floor(index / this.#columns) * this.#cellPx + 1];
  }

  #pointAt(x: number, y: number): void {
    const column = Math.floor(x / this.#cellPx);
    if (column < this.#columns) this.#point(Math.floor(y / this.#cellPx) * this.#columns + column);
  }

  #point(cell: number): void {
    if (cell < 0 || cell >= (this.#map?.cells.length ?? 0) || cell === this.#pointed) return;
    this.#pointed = cell;
    this.draw();
    this.#onPoint(cell);
  }

  #key(event: KeyboardEvent): void {
    const last = (this.#map?.cells.length ?? 0) - 1;
    const to = {
      ArrowRight: this.#pointed + 1,
      ArrowLeft: this.#pointed - 1,
      ArrowDown: this.#pointed + this.#columns,
      ArrowUp: this.#pointed - this.#columns,
      Home: 0,
      End: last,
    }[event.key];
    if (to === undefined || event.ctrlKey || event.altKey || event.metaKey) return;
    event.preventDefault();
    this.#point(to);
  }
}

function mixed(early: readonly number[], late: readonly number[], share: number): string {
  const parts = early.map((part, index) => Math.round(part + (late[index]! - part) * share));
  return `rgb(${parts.join(" ")})`;
}
