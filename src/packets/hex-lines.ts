/** A run of characters of a line of a hex dump. */
export interface HexRun {
  readonly text: string;
  readonly marked: boolean;
}

/** Bytes as they are written down for people: where they are, in hexadecimal, and as text. */
export interface HexLine {
  readonly offset: string;
  readonly hex: readonly HexRun[];
  readonly text: readonly HexRun[];
}

/** @param marked the bytes from `start` up to, without, `end` */
export function hexLines(
  bytes: Uint8Array,
  perLine: number,
  marked: { readonly start: number; readonly end: number },
): HexLine[] {
  const lines: HexLine[] = [];
  for (let at = 0; at < bytes.length; at += perLine) {
    const row = bytes.subarray(at, at + perLine);
    const from = Math.min(Math.max(marked.start - at, 0), row.length);
    const to = Math.min(Math.max(marked.end - at, from), row.length);
    lines.push({
      offset: at.toString(16).padStart(4, "0"),
      hex: runs(row, from, to, hexText, " "),
      text: runs(row, from, to, printable, ""),
    });
  }
  return lines;
}

/** What is between two bytes is not marked, unless both are. */
function runs(
  row: Uint8Array,
  from: number,
  to: number,
  write: (bytes: Uint8Array) => string,
  between: string,
): HexRun[] {
  const gap = (at: number) => (at > 0 && at < row.length ? between : "");
  const all = [
    { text: write(row.subarray(0, from)) + gap(from), marked: false },
    { text: write(row.subarray(from, to)), marked: true },
    { text: (to > from ? gap(to) : "") + write(row.subarray(to)), marked: false },
  ];
  return all.filter(({ text }) => text !== "");
}

function hexText(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join(" ");
}

/** ASCII's letters and signs; a dot for every other byte. */
export function printable(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes) text += byte > 0x1f && byte < 0x7f ? String.fromCharCode(byte) : "·";
  return text;
}
