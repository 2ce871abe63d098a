import { concatOctets } from "../ethernet/octets.ts";
import type { TftpFile } from "./file.ts";
import { encodeNetascii } from "./netascii.ts";
import type { TransferMode } from "./terms.ts";

/** A read of this length keeps the file's round trips few, and a transfer small. */
const READ_BYTES = 64 * 1024;
const NOTHING = new Uint8Array(0);

export interface BlockSourceOptions {
  readonly file: TftpFile;
  readonly mode: TransferMode;
  readonly blockBytes: number;
  /** Told when a read that `next` had to wait for is over, or has failed. */
  readonly changed: () => void;
}

/** A file as TFTP's blocks, in order. It reads one piece ahead of what is taken, and holds two at most. */
export class BlockSource {
  readonly #options: BlockSourceOptions;
  readonly #readBytes: number;
  /** What is being cut into blocks, and what was read ahead. */
  #piece: Uint8Array = NOTHING;
  #at = 0;
  #ahead: Uint8Array | undefined;
  /** How far the file has been read. */
  #offset = 0;
  #reading = false;
  #wanted = false;
  #finished = false;
  #failure: string | undefined;

  constructor(options: BlockSourceOptions) {
    this.#options = options;
    // Whole blocks: nothing is left over that would have to be copied before the next piece.
    const blocks = Math.max(1, Math.floor(READ_BYTES / options.blockBytes));
    this.#readBytes = blocks * options.blockBytes;
    this.#readAhead();
  }

  /** The last block, which is shorter than the others and may be empty, has been taken. */
  get finished(): boolean {
    return this.#finished;
  }

  /** What went wrong with the file; there are no more blocks. */
  get failure(): string | undefined {
    return this.#failure;
  }

  /** The next block; `undefined` when there is none now: `changed` will tell, unless this is `finished`. */
  next(): Uint8Array | undefined {
    if (this.#finished || this.#failure !== undefined) return undefined;
    const { blockBytes } = this.#options;
    while (this.#piece.length - this.#at < blockBytes && this.#ahead !== undefined) {
      const left = this.#piece.subarray(this.#at);
      this.#piece = left.length === 0 ? this.#ahead : concatOctets([left, this.#ahead]);
      this.#at = 0;
      this.#ahead = undefined;
      this.#readAhead();
    }
    const end = this.#at + blockBytes;
    if (end > this.#piece.length && this.#reading) {
      this.#wanted = true;
      return undefined;
    }
    const block = this.#piece.subarray(this.#at, end);
    this.#at = end;
    this.#finished = block.length < blockBytes;
    return block;
  }

  #readAhead(): void {
    const { file } = this.#options;
    const length = Math.min(this.#readBytes, file.sizeBytes - this.#offset);
    if (length <= 0) return;
    this.#reading = true;
    file.read(this.#offset, length).then(
      (bytes) => this.#arrived(bytes, length),
      () => this.#failed("The file can no longer be read."),
    );
  }

  #arrived(bytes: Uint8Array, length: number): void {
    if (bytes.length !== length) {
      this.#failed("The file became shorter while it was sent: ask for it again.");
      return;
    }
    this.#reading = false;
    this.#offset += length;
    this.#ahead = this.#options.mode === "netascii" ? encodeNetascii(bytes) : bytes;
    this.#tell();
  }

  #failed(why: string): void {
    this.#reading = false;
    this.#failure = why;
    this.#wanted = true;
    this.#tell();
  }

  #tell(): void {
    if (!this.#wanted) return;
    this.#wanted = false;
    this.#options.changed();
  }
}
