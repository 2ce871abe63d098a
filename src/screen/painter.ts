import type { ScreenRow } from "../../worker/interface.ts";
import { CP437 } from "./cp437.ts";
import type { Picture } from "./picture.ts";
import type { TextScreen } from "./text-screen.ts";

/** VGA text cells are 9 by 16 dots. */
const CELL_ASPECT = 9 / 16;
const FONT = `"DejaVu Sans Mono", "Cascadia Mono", "Menlo", "Consolas", "Liberation Mono", monospace`;

/** Glyphs that must meet their neighbours are drawn, not written: x, y, width and height in parts of a cell, and how dense. */
const BLOCKS = new Map<number, readonly [number, number, number, number, number]>([
  // Many typefaces draw the underscore below the cell, where the next row covers it: here it is where the VGA's font has it.
  [0x5f, [0, 13 / 16, 1, 1 / 16, 1]],
  [0xb0, [0, 0, 1, 1, 0.25]],
  [0xb1, [0, 0, 1, 1, 0.5]],
  [0xb2, [0, 0, 1, 1, 0.75]],
  [0xdb, [0, 0, 1, 1, 1]],
  [0xdc, [0, 0.5, 1, 0.5, 1]],
  [0xdd, [0, 0, 0.5, 1, 1]],
  [0xde, [0.5, 0, 0.5, 1, 1]],
  [0xdf, [0, 0, 1, 0.5, 1]],
]);

/** Paints a text screen or a picture on a canvas, in whole device pixels so that cells meet without seams. */
export class Painter {
  readonly #canvas: HTMLCanvasElement;
  readonly #context: CanvasRenderingContext2D;
  #cellWidth = 9;
  #cellHeight = 16;
  #baseline = 12;

  constructor(canvas: HTMLCanvasElement) {
    const context = canvas.getContext("2d", { alpha: false });
    if (context === null) throw new Error("This browser draws on no canvas.");
    this.#canvas = canvas;
    this.#context = context;
  }

  /** Makes the cells as large as fits into a box of CSS pixels. Everything has to be painted again after that. */
  fit(screen: TextScreen, boxWidth: number, boxHeight: number): void {
    const scale = devicePixelRatio;
    const width = (boxWidth * scale) / screen.columns;
    const height = (boxHeight * scale) / screen.rows;
    this.#cellHeight = Math.max(4, Math.floor(Math.min(height, width / CELL_ASPECT)));
    this.#cellWidth = Math.max(2, Math.floor(Math.min(width, this.#cellHeight * CELL_ASPECT)));
    this.#resize(this.#cellWidth * screen.columns, this.#cellHeight * screen.rows);
    this.#chooseFont();
    screen.touchAll();
  }

  /** Makes the canvas as large as a picture's sides allow in the box. */
  fitPicture(picture: Picture, boxWidth: number, boxHeight: number): void {
    const scale = devicePixelRatio;
    const zoom = Math.min((boxWidth * scale) / picture.width, (boxHeight * scale) / picture.height);
    // A pixel that is twice as wide as its neighbour is worse than a margin.
    const even = zoom >= 1 ? Math.floor(zoom) : zoom;
    this.#resize(Math.floor(picture.width * even), Math.floor(picture.height * even));
  }

  paintPicture(picture: Picture): void {
    picture.paint(this.#context);
  }

  paint(screen: TextScreen): void {
    for (const index of screen.takeDirty()) {
      const row = screen.row(index);
      if (row === undefined) this.#blank(index, screen.columns);
      else this.#row(row, screen.columns);
      if (screen.cursor.visible && screen.cursor.row === index)
        this.#cursor(row, index, screen.cursor.column);
    }
  }

  #resize(width: number, height: number): void {
    const canvas = this.#canvas;
    canvas.width = width;
    canvas.height = height;
    canvas.style.width = `${width / devicePixelRatio}px`;
    canvas.style.height = `${height / devicePixelRatio}px`;
  }

  #chooseFont(): void {
    const context = this.#context;
    context.font = `100px ${FONT}`;
    const glyph = context.measureText("M");
    const tall = glyph.fontBoundingBoxAscent + glyph.fontBoundingBoxDescent;
    const size = 100 * Math.min(this.#cellWidth / glyph.width, this.#cellHeight / tall);
    context.font = `${size}px ${FONT}`;
    context.textBaseline = "alphabetic";
    const slack = this.#cellHeight - (tall * size) / 100;
    // Rounded up, an underscore would fall into the row below, which paints over it.
    this.#baseline = Math.floor((glyph.fontBoundingBoxAscent * size) / 100 + slack / 2);
  }

  #blank(row: number, columns: number): void {
    this.#context.fillStyle = "#000";
    this.#context.fillRect(0, row * this.#cellHeight, columns * this.#cellWidth, this.#cellHeight);
  }

  #row({ row, characters, foreground, background }: ScreenRow, columns: number): void {
    const top = row * this.#cellHeight;
    const count = Math.min(columns, characters.length);
    this.#blank(row, columns);
    for (let column = 0; column < count; ) {
      let end = column + 1;
      while (end < count && background[end] === background[column]) end++;
      this.#context.fillStyle = css(background[column]!);
      this.#context.fillRect(
        column * this.#cellWidth,
        top,
        (end - column) * this.#cellWidth,
        this.#cellHeight,
      );
      column = end;
    }
    for (let column = 0; column < count; column++)
      this.#glyph(characters[column]!, column, top, foreground[column]!);
  }

  #glyph(code: number, column: number, top: number, colour: number): void {
    if (code === 0x20 || code === 0x00 || code === 0xff) return;
    const context = this.#context;
    const left = column * this.#cellWidth;
    context.fillStyle = css(colour);
    const block = BLOCKS.get(code);
    if (block === undefined) {
      context.fillText(CP437[code]!, left, top + this.#baseline);
      return;
    }
    const [x, y, width, height, density] = block;
    const right = Math.round((x + width) * this.#cellWidth);
    const bottom = Math.round((y + height) * this.#cellHeight);
    const [dx, dy] = [Math.round(x * this.#cellWidth), Math.round(y * this.#cellHeight)];
    context.globalAlpha = density;
    context.fillRect(left + dx, top + dy, right - dx, bottom - dy);
    context.globalAlpha = 1;
  }

  /** An underline cursor of two dots, as the VGA has it. */
  #cursor(row: ScreenRow | undefined, index: number, column: number): void {
    const height = Math.max(1, Math.round(this.#cellHeight / 8));
    this.#context.fillStyle = css(row?.foreground[column] ?? 0xaaaaaa);
    this.#context.fillRect(
      column * this.#cellWidth,
      (index + 1) * this.#cellHeight - height,
      this.#cellWidth,
      height,
    );
  }
}

const CSS_COLOURS = new Map<number, string>();

function css(colour: number): string {
  let text = CSS_COLOURS.get(colour);
  if (text === undefined) {
    text = `#${colour.toString(16).padStart(6, "0")}`;
    CSS_COLOURS.set(colour, text);
  }
  return text;
}
