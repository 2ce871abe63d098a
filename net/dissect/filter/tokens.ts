/** What is wrong with a filter, and where. */
export interface FilterError {
  readonly kind: "error";
  /** A sentence: what is wrong, and what is expected. */
  readonly message: string;
  /** Characters of the filter's text; `end` is not included, and may be that of the text. */
  readonly start: number;
  readonly end: number;
}

/** Carries a `FilterError` from where it is found to `parseFilter`, which returns it. */
export class FilterFault extends Error {
  readonly fault: FilterError;
  constructor(message: string, start: number, end: number) {
    super(message);
    this.name = "FilterFault";
    this.fault = { kind: "error", message, start, end };
  }
}

export interface Token {
  /** `word` is a name or a value: `tcp.port`, `10.86.0.0/24`, `52:54:00:12:34:56`. */
  readonly kind: "word" | "string" | "sign" | "end";
  /** A string's without its quotes and backslashes. */
  readonly text: string;
  readonly start: number;
  readonly end: number;
}

const SIGNS = ["==", "!=", "<=", ">=", "&&", "||", "(", ")", "{", "}", ",", "<", ">", "!"] as const;
const WORD = /[\w.:/-]+/y;

/** Throws a `FilterFault` for a character that has no place in a filter. */
export function tokensOf(text: string): Token[] {
  const tokens: Token[] = [];
  let at = 0;
  while (at < text.length) {
    if (/\s/.test(text[at]!)) {
      at += 1;
      continue;
    }
    const token = tokenAt(text, at);
    tokens.push(token);
    at = token.end;
  }
  return [...tokens, { kind: "end", text: "", start: text.length, end: text.length }];
}

function tokenAt(text: string, start: number): Token {
  if (text[start] === '"') return stringAt(text, start);
  const sign = SIGNS.find((each) => text.startsWith(each, start));
  if (sign !== undefined) return { kind: "sign", text: sign, start, end: start + sign.length };
  WORD.lastIndex = start;
  const word = WORD.exec(text)?.[0];
  if (word !== undefined) return { kind: "word", text: word, start, end: start + word.length };
  const character = String.fromCodePoint(text.codePointAt(start)!);
  const hint = character === "=" ? "Write == to compare." : "Put text in double quotes.";
  throw new FilterFault(`${character} has no meaning here. ${hint}`, start, start + character.length);
}

function stringAt(text: string, start: number): Token {
  let value = "";
  for (let at = start + 1; at < text.length; at += 1) {
    const character = text[at]!;
    if (character === '"') return { kind: "string", text: value, start, end: at + 1 };
    if (character === "\\" && at + 1 < text.length) at += 1;
    value += text[at];
  }
  throw new FilterFault('This text does not end: a " is expected.', start, text.length);
}
