const ESC = 0x1b;
const BEL = 0x07;
const BACKSPACE = 0x08;
const LF = 0x0a;
const CR = 0x0d;

/** Longer lines are cut: what is looked for stands at their beginning. */
const MAX_LINE_CHARACTERS = 2048;

type State =
  | "text"
  /** After ESC. */
  | "escape"
  /** ECMA-48 control sequence: ends with 0x40…0x7e. */
  | "control"
  /** Operating system command and its relatives: ends with BEL or ESC \. */
  | "string"
  | "string-escape"
  /** Intermediate bytes 0x20…0x2f, such as a character set's. */
  | "intermediate";

/**
 * Console output as lines of plain text: without escape sequences, whatever the bytes were split into. A bare carriage
 * return ends a line too, because progress displays write over theirs.
 */
export class ConsoleLines {
  readonly #line: (text: string) => void;
  #state: State = "text";
  #text = "";

  constructor(line: (text: string) => void) {
    this.#line = line;
  }

  /** The line under way, as far as it has come: where a prompt is found. */
  get partial(): string {
    return this.#text;
  }

  push(byte: number): void {
    switch (this.#state) {
      case "text":
        this.#pushText(byte);
        return;
      case "escape":
        this.#state = afterEscape(byte);
        return;
      case "intermediate":
        if (byte < 0x20 || byte > 0x2f) this.#state = "text";
        return;
      case "control":
        if (byte === ESC) this.#state = "escape";
        else if (byte >= 0x40 && byte <= 0x7e) this.#state = "text";
        return;
      case "string":
        if (byte === BEL) this.#state = "text";
        else if (byte === ESC) this.#state = "string-escape";
        return;
      case "string-escape":
        this.#state = byte === 0x5c ? "text" : "string";
        return;
      default:
        this.#state satisfies never;
    }
  }

  #pushText(byte: number): void {
    if (byte === ESC) this.#state = "escape";
    else if (byte === LF || byte === CR) this.#endLine();
    else if (byte === BACKSPACE) this.#text = this.#text.slice(0, -1);
    else if (byte >= 0x20 && this.#text.length < MAX_LINE_CHARACTERS) this.#text += String.fromCharCode(byte);
  }

  #endLine(): void {
    const text = this.#text;
    this.#text = "";
    if (text !== "") this.#line(text);
  }
}

function afterEscape(byte: number): State {
  if (byte === 0x5b) return "control"; // [
  if (byte === 0x5d || byte === 0x50 || byte === 0x5e || byte === 0x5f) return "string"; // ] P ^ _
  if (byte >= 0x20 && byte <= 0x2f) return "intermediate";
  return byte === ESC ? "escape" : "text";
}
