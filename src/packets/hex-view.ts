import { create } from "../dom.ts";
import { type HexRun, hexLines } from "./hex-lines.ts";

/** As many bytes as fit a line of a narrow panel, or of any other. */
const PER_LINE = { narrow: 8, wide: 16 };
const WIDE_CHARACTERS = 74;
/** Of what stands beside the fields, which need their place, too. */
const SHARE = 0.5;

/** The bytes of a frame; those of one field are marked. A click on a byte asks for its field. */
export class HexView {
  readonly element = create("div", "hex-view");
  readonly #onByte: (at: number) => void;
  #bytes = new Uint8Array(0);
  #marked = { start: 0, end: 0 };
  #perLine = PER_LINE.wide;

  constructor(onByte: (at: number) => void) {
    this.#onByte = onByte;
    const { element } = this;
    element.tabIndex = 0;
    element.setAttribute("role", "region");
    element.setAttribute("aria-label", "Bytes of the frame");
    element.addEventListener("click", (event) => this.#click(event));
    new ResizeObserver(() => this.#fit()).observe(element);
  }

  show(bytes: Uint8Array): void {
    this.#bytes = bytes as Uint8Array<ArrayBuffer>;
    this.#marked = { start: 0, end: 0 };
    this.element.scrollTop = 0;
    this.#draw();
  }

  mark(marked: { readonly start: number; readonly end: number }): void {
    this.#marked = { start: marked.start, end: marked.end };
    this.#draw();
    this.element.querySelector("mark")?.scrollIntoView({ block: "nearest", inline: "nearest" });
  }

  /** The width of a character is that of the line in front of each. */
  #fit(): void {
    const sample = this.element.querySelector(".hex-offset");
    const characterPx = (sample?.getBoundingClientRect().width ?? 0) / 4;
    if (characterPx === 0) return;
    const roomPx = (this.element.parentElement?.clientWidth ?? 0) * SHARE;
    const fits = roomPx / characterPx >= WIDE_CHARACTERS;
    const perLine = fits ? PER_LINE.wide : PER_LINE.narrow;
    if (perLine === this.#perLine) return;
    this.#perLine = perLine;
    this.#draw();
  }

  #draw(): void {
    const lines = hexLines(this.#bytes, this.#perLine, this.#marked).map(({ offset, hex, text }, line) => {
      const row = create(
        "div",
        "hex-line",
        create("span", "hex-offset", offset),
        create("span", "hex-bytes", ...runs(hex)),
        create("span", "hex-text", ...runs(text)),
      );
      row.dataset.line = String(line);
      return row;
    });
    this.element.dataset.perLine = String(this.#perLine);
    this.element.replaceChildren(...lines);
    this.#fit();
  }

  #click(event: MouseEvent): void {
    const target = event.target instanceof Element ? event.target : undefined;
    const cell = target?.closest(".hex-bytes, .hex-text");
    const line = target?.closest<HTMLElement>(".hex-line");
    if (!cell || !line) return;
    const { left, width } = cell.getBoundingClientRect();
    const characters = cell.textContent?.length ?? 0;
    if (characters === 0) return;
    const character = Math.floor(((event.clientX - left) / width) * characters);
    const within = cell.classList.contains("hex-text") ? character : Math.floor(character / 3);
    const at = Number(line.dataset.line) * this.#perLine + within;
    if (at < this.#bytes.length) this.#onByte(at);
  }
}

function runs(list: readonly HexRun[]): (Node | string)[] {
  return list.map(({ text, marked }) => (marked ? create("mark", "", text) : text));
}
