/** An entry of a cpio archive in the "newc" format, which initrds are (cpio(5); the kernel's buffer-format.rst). */
export interface NewcEntry {
  readonly path: string;
  readonly mode: number;
  readonly content: Uint8Array;
  /** The other 11 numbers of its header, as they came. */
  readonly numbers: readonly number[];
}

const MAGIC = "070701";
const NUMBERS = 13;
const HEADER_BYTES = MAGIC.length + NUMBERS * 8;
const [MODE, FILE_SIZE, NAME_SIZE] = [1, 6, 11];
const TRAILER = "TRAILER!!!";
const REGULAR = 0o100000;

const padded = (length: number) => (length + 3) & ~3;

/** Takes one archive apart, up to its trailer. Throws a `RangeError` where it is none. */
export function readNewc(archive: Uint8Array): NewcEntry[] {
  const entries: NewcEntry[] = [];
  for (let at = 0; ; ) {
    const header = Buffer.from(archive.subarray(at, at + HEADER_BYTES)).toString("latin1");
    if (!header.startsWith(MAGIC) || header.length < HEADER_BYTES)
      throw new RangeError(`no cpio header at ${at}`);
    const numbers = Array.from({ length: NUMBERS }, (_, index) =>
      Number.parseInt(header.slice(MAGIC.length + index * 8, MAGIC.length + index * 8 + 8), 16),
    );
    const nameEnd = at + HEADER_BYTES + numbers[NAME_SIZE]!;
    const path = Buffer.from(archive.subarray(at + HEADER_BYTES, nameEnd - 1)).toString();
    if (path === TRAILER) return entries;
    const start = padded(nameEnd);
    const content = archive.subarray(start, start + numbers[FILE_SIZE]!);
    entries.push({ path, mode: numbers[MODE]!, content, numbers });
    at = padded(start + content.length);
  }
}

export function writeNewc(entries: readonly NewcEntry[]): Buffer {
  const parts: Buffer[] = [];
  for (const entry of [...entries, { path: TRAILER, mode: 0, content: new Uint8Array(), numbers: [] }]) {
    const name = Buffer.from(`${entry.path}\0`);
    const numbers = Array.from({ length: NUMBERS }, (_, index) => entry.numbers[index] ?? 0);
    numbers[MODE] = entry.mode;
    numbers[FILE_SIZE] = entry.content.length;
    numbers[NAME_SIZE] = name.length;
    const digits = numbers.map((number) => number.toString(16).padStart(8, "0")).join("");
    const head = Buffer.concat([Buffer.from(MAGIC + digits), name]);
    parts.push(head, Buffer.alloc(padded(head.length) - head.length));
    parts.push(Buffer.from(entry.content), Buffer.alloc(padded(entry.content.length) - entry.content.length));
  }
  return Buffer.concat(parts);
}

/** A regular file that may be run. */
export function programEntry(path: string, content: string | Uint8Array): NewcEntry {
  return { path, mode: REGULAR | 0o755, content: Buffer.from(content), numbers: [0, 0, 0, 0, 1] };
}
