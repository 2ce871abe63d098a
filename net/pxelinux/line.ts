/**
 * One line of a pxelinux.cfg file, taken apart as SYSLINUX does it: leading blanks are nothing, the keyword ends at the first
 * blank and has no case, the rest of the line is its argument.
 */
export interface ConfigLine {
  /** The name of its file. */
  readonly file: string;
  /** Counted from 1. */
  readonly number: number;
  /** As it stands in the file, without its line end. */
  readonly text: string;
  /** In upper case; empty on a line that says nothing (blank, or a comment). */
  readonly keyword: string;
  /** Without the blanks around it. */
  readonly argument: string;
}

/** Takes a file apart. Line ends may be LF or CRLF; a byte order mark is skipped. Never throws. */
export function splitConfig(text: string, file: string): ConfigLine[] {
  const body = text.startsWith("\uFEFF") ? text.slice(1) : text;
  const lines = body.split(/\r?\n/);
  if (lines.at(-1) === "") lines.pop();
  return lines.map((line, index) => ({ file, number: index + 1, text: line, ...splitKeyword(line) }));
}

/** Splits the first word off a line or an argument: `MENU LABEL ^Boot` is `MENU` and `LABEL ^Boot`. */
export function splitKeyword(text: string): { keyword: string; argument: string } {
  const { word, rest } = splitWord(text);
  if (word.startsWith("#")) return { keyword: "", argument: "" };
  return { keyword: word.toUpperCase(), argument: rest };
}

/** The first word in its own case (labels and files have one), and what comes behind it. */
export function splitWord(text: string): { word: string; rest: string } {
  const trimmed = trimBlanks(text);
  const end = trimmed.search(BLANK);
  return end < 0
    ? { word: trimmed, rest: "" }
    : { word: trimmed.slice(0, end), rest: trimBlanks(trimmed.slice(end)) };
}

export function splitWords(text: string): string[] {
  return text.split(BLANKS).filter((word) => word !== "");
}

// SYSLINUX takes every control character for a blank, and no other character: not the no-break space.
// biome-ignore-start lint/suspicious/noControlCharactersInRegex: these are the blanks
const BLANK = /[\0- ]/;
const BLANKS = /[\0- ]+/;
const OUTER_BLANKS = /^[\0- ]+|[\0- ]+$/g;
// biome-ignore-end lint/suspicious/noControlCharactersInRegex: these are the blanks

function trimBlanks(text: string): string {
  return text.replace(OUTER_BLANKS, "");
}
