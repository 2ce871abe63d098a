/**
 * A disk of the emulated machine, as a block device: bytes from 0 to `sizeBytes`. All of it is synchronous, because the
 * guest's processor stands still while its disk works.
 */
export interface Disk {
  readonly sizeBytes: number;
  /** What it takes of the place that it is kept in. */
  usedBytes(): number;
  /** Whether something was written since the last flush. */
  readonly unsynced: boolean;
  /** Fills `into`. Throws a `DiskError`. */
  read(at: number, into: Uint8Array): void;
  /** Until the next flush it may be lost, whole or in part. `bytes` is copied. Throws a `DiskError`. */
  write(at: number, bytes: Uint8Array): void;
  /** When it returns, all that was written is kept whatever happens. Throws a `DiskError`. */
  flush(): void;
  /** Flushes what can be flushed, and lets go of the file. Never throws. */
  close(): void;
}

/** The file that a disk is kept in: one of the origin private file system, or Node's. What lies past its end reads as zeros. */
export interface Medium {
  size(): number;
  /** Fills `into`. */
  read(at: number, into: Uint8Array): void;
  /** All of `bytes`, or it throws. */
  write(at: number, bytes: Uint8Array): void;
  truncate(size: number): void;
  flush(): void;
  close(): void;
}

/**
 * What a disk says when it cannot do what it should; the message is a sentence. `full`: there is no room for more; nothing that
 * was there is damaged. `failed`: the file under it cannot be read or written. `damaged`: what is in the file is no disk.
 */
export class DiskError extends Error {
  readonly code: "full" | "failed" | "damaged";
  constructor(code: DiskError["code"], message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "DiskError";
    this.code = code;
  }
}

/** What a browser and Node throw where there is no room. */
const NO_ROOM: readonly string[] = ["QuotaExceededError", "NoSpaceError", "ENOSPC", "EDQUOT", "EFBIG"];

/** Gives what a medium threw its sentence. */
export function diskError(doing: "read" | "written" | "flushed", cause: unknown): DiskError {
  if (cause instanceof DiskError) return cause;
  const { name, code, message } = cause as { name?: unknown; code?: unknown; message?: unknown };
  if (NO_ROOM.includes(String(name)) || NO_ROOM.includes(String(code)))
    return new DiskError("full", "There is no room left where the disk is kept.", { cause });
  return new DiskError("failed", `The disk could not be ${doing}: ${String(message ?? cause)}.`, { cause });
}
