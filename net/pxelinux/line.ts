/**
 * One line of a pxelinux.cfg file, taken apart as SYSLINUX does it: leading blanks are nothing, the keyword ends at the first
 * blank and has no case, the rest of the line is its argument.
 */
export interface ConfigLine {
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
export function splitConfig(text: string): ConfigLine[] {
  const body = text.startsWith("\uFEFF") ? text.slice(1) : text;
  const lines = body.split(/\r?\n/);
  if (lines.at(-1) === "") lines.pop();
  return lines.map((line, index) => ({ number: index + 1, text: line, ...splitWord(line) }));
}

/** Splits the first word off a line or an argument: `MENU LABEL ^Boot` is `MENU` and `LABEL ^Boot`. */
export function splitWord(text: string): { keyword: string; argument: string } {
  const trimmed = text.trim();
  if (trimmed.startsWith("#")) return { keyword: "", argument: "" };
  const end = trimmed.search(/\s/);
  if (end < 0) return { keyword: trimmed.toUpperCase(), argument: "" };
  return { keyword: trimmed.slice(0, end).toUpperCase(), argument: trimmed.slice(end).trim() };
}
