import { FitAddon } from "@xterm/addon-fit";
import { WebLinksAddon } from "@xterm/addon-web-links";
import { Terminal } from "@xterm/xterm";
import { find } from "../dom.ts";
import { WayOut } from "../stage/way-out.ts";
import { CONSOLE_THEME } from "./colours.ts";
import { SerialLog } from "./serial-log.ts";

const MONO = `ui-monospace, "Cascadia Mono", "SF Mono", Menlo, Consolas, "DejaVu Sans Mono", monospace`;

const COLUMNS = 80;
const ROWS = 24;
/** Of a character in most monospaced typefaces, in parts of the type's size. */
const TYPE_WIDTH = 0.602;
const TYPE_HEIGHT = 1.29;

export interface SerialConsoleOptions {
  readonly onInput: (bytes: Uint8Array) => void;
  /** The reader wants to leave the console with the keyboard. */
  readonly onLeave: () => void;
}

/** The serial console: what the guest's ttyS0 says, and the keyboard for it. */
export class SerialConsole {
  readonly log = new SerialLog();
  readonly #terminal: Terminal;
  readonly #fit = new FitAddon();
  readonly #element: HTMLElement;
  readonly #wayOut = new WayOut();
  readonly #options: SerialConsoleOptions;

  constructor(element: HTMLElement, options: SerialConsoleOptions) {
    this.#element = element;
    this.#options = options;
    const terminal = new Terminal({
      fontFamily: MONO,
      fontSize: 13,
      lineHeight: 1.1,
      scrollback: 10_000,
      theme: CONSOLE_THEME,
      minimumContrastRatio: 4.5,
      cursorBlink: !matchMedia("(prefers-reduced-motion: reduce)").matches,
    });
    this.#terminal = terminal;
    terminal.loadAddon(this.#fit);
    terminal.loadAddon(new WebLinksAddon());
    terminal.open(element);
    find(element, "textarea", HTMLTextAreaElement).setAttribute("aria-label", "Serial console");

    const encoder = new TextEncoder();
    terminal.onData((text) => options.onInput(encoder.encode(text)));
    // Mouse reports of old programs: a character is a byte, not UTF-8.
    terminal.onBinary((text) => options.onInput(Uint8Array.from(text, (char) => char.charCodeAt(0))));
    terminal.attachCustomKeyEventHandler((event) => this.#key(event));
    element.addEventListener("focusout", () => this.#wayOut.reset());
    element.addEventListener("focus", () => terminal.focus());
    new ResizeObserver(() => this.#resize()).observe(element);
  }

  /** The bytes are handed over: the terminal keeps them until it has drawn them. */
  write(bytes: Uint8Array): void {
    this.log.append(bytes);
    this.#terminal.write(bytes);
  }

  /** A new boot begins on an empty console. */
  reset(): void {
    this.log.clear();
    this.#terminal.reset();
  }

  focus(): void {
    this.#terminal.focus();
  }

  /** Types as the keyboard does: the Enter key sends a carriage return. */
  type(text: string): void {
    this.#options.onInput(new TextEncoder().encode(text.replaceAll("\n", "\r")));
  }

  /**
   * A serial line does not tell the guest how wide its terminal is, so guests take 80 columns for granted and would garble the
   * lines that one edits in a wider one. So the width is theirs; the size of the type and the number of rows are ours.
   */
  #resize(): void {
    const { clientWidth, clientHeight } = this.#element;
    if (clientWidth === 0 || clientHeight === 0) return;
    const widest = (clientWidth - 36) / (COLUMNS * TYPE_WIDTH);
    const tallest = (clientHeight - 20) / (ROWS * TYPE_HEIGHT);
    const ideal = Math.max(10, Math.min(22, widest, tallest));
    // Typefaces differ: the larger size is taken where all rows fit in fact.
    for (const fontSize of [Math.ceil(ideal), Math.floor(ideal)]) {
      this.#terminal.options.fontSize = fontSize;
      const rows = this.#fit.proposeDimensions()?.rows ?? ROWS;
      this.#terminal.resize(COLUMNS, Math.max(2, rows));
      if (rows >= ROWS && fontSize <= widest) break;
    }
  }

  /** False keeps the event from the terminal. Pasting is the browser's own: Ctrl+Shift+V raises a paste event. */
  #key(event: KeyboardEvent): boolean {
    if (event.type === "keydown") this.#wayOut.keyDown(event.code);
    if (event.type === "keyup" && this.#wayOut.keyUp(event.code)) {
      this.#options.onLeave();
      return false;
    }
    if (!event.ctrlKey || !event.shiftKey || event.altKey) return true;
    if (event.code === "KeyV") return false;
    if (event.code !== "KeyC") return true;
    // Chrome would open its inspector.
    event.preventDefault();
    if (event.type === "keydown" && this.#terminal.hasSelection()) copy(this.#terminal.getSelection());
    return false;
  }
}

function copy(text: string): void {
  // Without a secure context there is no clipboard; the browser's own copy command still works on the selection.
  if (navigator.clipboard === undefined) document.execCommand("copy");
  else navigator.clipboard.writeText(text).catch(() => document.execCommand("copy"));
}
