/**
 * A named block device: the hub between front ends (the guest's NBD session, the AoE target) and back ends (a real NBD
 * server, an image file). Every front end works with every back end.
 */
export interface Export {
  readonly name: string;
  readonly sizeBytes: number;
  readonly readOnly: boolean;
  /** Words for a person, such as "nbd-server on 127.0.0.1:10809" or "image file kisroot.squashfs". */
  readonly description: string;
  /**
   * Reads `length` bytes at `offset` (bytes). The result is exactly that long and may be kept.
   * A server that went away is a pause: the promise settles when it is back, or rejects with an `ExportError`.
   */
  read(offset: number, length: number): Promise<Uint8Array>;
  /**
   * Takes back what `read` gave, to be used for the next answer: the caller shared it with nobody and looks at it no more. Who
   * does not call it, or cannot promise that, leaves the bytes to the garbage collector.
   */
  giveBack?(bytes: Uint8Array): void;
  /** Resolves when the back end has acknowledged the write. Absent on read-only exports. */
  write?(offset: number, bytes: Uint8Array): Promise<void>;
  /** Resolves when everything written before is on stable storage. */
  flush?(): Promise<void>;
}

/** The errno names that NBD and ATA can both express. */
export type ExportErrorCode = "EPERM" | "EIO" | "EINVAL" | "ENOSPC" | "ESHUTDOWN";

/** A block request that failed. The message is one sentence for a person. */
export class ExportError extends Error {
  readonly code: ExportErrorCode;
  constructor(code: ExportErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "ExportError";
    this.code = code;
  }
}
