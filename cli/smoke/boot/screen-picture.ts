import type { MachineEvent, ScreenRow } from "../../../worker/interface.ts";

/** The rows of a text screen as they were told last, with their colours. */
export class ScreenRows {
  #rows: (ScreenRow | undefined)[] = [];

  take(event: MachineEvent): void {
    if (event.type === "screen-size" && !event.graphical) this.#rows.length = event.rows;
    if (event.type === "screen-rows") for (const row of event.rows) this.#rows[row.row] = row;
  }

  get rows(): readonly ScreenRow[] {
    return this.#rows.filter((row) => row !== undefined);
  }
}

/** A character's cell, in the SVG's own units. */
const [CELL_WIDTH, CELL_HEIGHT, BASELINE] = [9, 18, 14];
const [COLUMNS, ROWS] = [80, 25];

/** Code page 437 from 0x80 on. */
const UPPER_HALF =
  "ÇüéâäàåçêëèïîìÄÅÉæÆôöòûùÿÖÜ¢£¥₧ƒáíóúñÑªº¿⌐¬½¼¡«»░▒▓│┤╡╢╖╕╣║╗╝╜╛┐└┴┬├─┼╞╟╚╔╩╦╠═╬╧╨╤╥╙╘╒╓╫╪┘┌█▄▌▐▀αßΓπΣσµτΦΘΩδ∞φε∩≡±≥≤⌠⌡÷≈°∙·√ⁿ²■ ";

/** The text screen as an SVG picture. */
export function screenPicture({ rows }: ScreenRows): Uint8Array {
  const columns = Math.max(COLUMNS, ...rows.map(({ characters }) => characters.length));
  const height = Math.max(ROWS, ...rows.map(({ row }) => row + 1));
  return Buffer.from(
    [
      `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${columns * CELL_WIDTH} ${height * CELL_HEIGHT}">`,
      '<rect width="100%" height="100%" fill="#000"/>',
      '<g font-family="monospace" font-size="15" xml:space="preserve">',
      ...rows.flatMap(runs),
      "</g></svg>",
      "",
    ].join("\n"),
  );
}

/** Neighbours of the same colours are drawn together. */
function runs({ row, characters, foreground, background }: ScreenRow): string[] {
  const drawn: string[] = [];
  for (let from = 0, to = 0; from < characters.length; from = to) {
    while (
      to < characters.length &&
      foreground[to] === foreground[from] &&
      background[to] === background[from]
    )
      to += 1;
    const text = [...characters.subarray(from, to)].map(character).join("");
    const width = (to - from) * CELL_WIDTH;
    const [x, y] = [from * CELL_WIDTH, row * CELL_HEIGHT];
    if (background[from] !== 0)
      drawn.push(
        `<rect x="${x}" y="${y}" width="${width}" height="${CELL_HEIGHT}" fill="${colour(background[from]!)}"/>`,
      );
    if (text.trim() !== "")
      drawn.push(
        `<text x="${x}" y="${y + BASELINE}" textLength="${width}" fill="${colour(foreground[from]!)}">${escaped(text)}</text>`,
      );
  }
  return drawn;
}

function character(code: number): string {
  if (code >= 0x80) return UPPER_HALF[code - 0x80]!;
  return code >= 0x20 && code < 0x7f ? String.fromCharCode(code) : " ";
}

function colour(rgb: number): string {
  return `#${rgb.toString(16).padStart(6, "0")}`;
}

function escaped(text: string): string {
  return text.replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/ /g, "\u00a0");
}
