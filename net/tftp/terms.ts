// What a client and the server agree on: RFC 2347, with RFC 2348 (blksize), RFC 2349 (timeout, tsize) and RFC 7440 (windowsize).
import type { TftpOption } from "./message.ts";

export type TransferMode = "octet" | "netascii";

/** Without the option (RFC 1350). */
const PLAIN_BLOCK_BYTES = 512;
const SMALLEST_BLOCK_BYTES = 8;
/** RFC 2348. A datagram of IPv4 has room for it. */
const LARGEST_BLOCK_BYTES = 65_464;

/** How a file is sent. */
export interface Terms {
  readonly blockBytes: number;
  /** Blocks that are sent before an acknowledgement is waited for. */
  readonly windowBlocks: number;
  /** The client's wish for when to send again. */
  readonly timeoutMs: number | undefined;
  /** What the client is told. Nothing was agreed on when it is empty: no OACK then, but the first block. */
  readonly accepted: readonly TftpOption[];
}

/** What is sent. */
export interface TransferSubject {
  readonly mode: TransferMode;
  readonly sizeBytes: number;
}

/** A larger window is made smaller: it is held in memory, and sent in one go. */
const LARGEST_WINDOW_BYTES = 256 * 1024;
const LARGEST_WINDOW_BLOCKS = 256;

/** The mode of a request, in whatever case it was written. */
export function parseMode(mode: string): TransferMode | undefined {
  const lower = mode.toLowerCase();
  return lower === "octet" || lower === "netascii" ? lower : undefined;
}

/**
 * Answers the options of a request. What is not known, makes no sense or was said before is left out of the answer, as
 * RFC 2347 wants it: the client then goes on without.
 */
export function agree(options: readonly TftpOption[], subject: TransferSubject): Terms {
  const asked = new Map<string, number>();
  for (const [name, value] of options) {
    const known = name.toLowerCase();
    if (/^[0-9]{1,15}$/.test(value) && !asked.has(known)) asked.set(known, Number(value));
  }
  const accepted: TftpOption[] = [];
  const accept = (name: string, value: number) => {
    accepted.push([name, String(value)]);
    return value;
  };

  let blockBytes = PLAIN_BLOCK_BYTES;
  const blksize = asked.get("blksize") ?? 0;
  if (blksize >= SMALLEST_BLOCK_BYTES && blksize <= 0xffff) {
    blockBytes = accept("blksize", Math.min(blksize, LARGEST_BLOCK_BYTES));
  }

  let timeoutMs: number | undefined;
  const timeout = asked.get("timeout") ?? 0;
  if (timeout >= 1 && timeout <= 255) timeoutMs = 1000 * accept("timeout", timeout);

  // In netascii the number of bytes is known only after the file was translated.
  if (asked.has("tsize") && subject.mode === "octet") accept("tsize", subject.sizeBytes);

  let windowBlocks = 1;
  const windowsize = asked.get("windowsize") ?? 0;
  if (windowsize >= 1 && windowsize <= 0xffff) {
    const most = Math.min(LARGEST_WINDOW_BLOCKS, Math.floor(LARGEST_WINDOW_BYTES / blockBytes));
    windowBlocks = accept("windowsize", Math.min(windowsize, most));
  }
  return { blockBytes, windowBlocks, timeoutMs, accepted };
}
