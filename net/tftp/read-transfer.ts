import type { Clock, Timed } from "../clock.ts";
import { BlockSource } from "./block-source.ts";
import type { TftpFile } from "./file.ts";
import { type TftpMessage, tftpErrorCode } from "./message.ts";
import type { Terms, TransferMode } from "./terms.ts";

/** When a packet is sent again unless the client wishes otherwise; the time doubles with each try, up to the longest. */
const FIRST_TIMEOUT_MS = 1_000;
const LONGEST_TIMEOUT_MS = 8_000;
/** How often the same window is sent again: with the times above a client may be away for almost a minute. */
const MOST_RETRIES = 8;

/**
 * `completed`: the last block was acknowledged. `abandoned`: the client sent an error. `failed`: the file could not be
 * read. `closed`: the server goes.
 */
export type TransferEnd = "completed" | "abandoned" | "timed-out" | "failed" | "closed";

export interface ReadTransferCounters {
  dataSent: number;
  /** Bytes of the blocks in them. */
  bytesSent: number;
  retransmissions: number;
  /** Acknowledgements of what was acknowledged before, or never sent. */
  staleAcks: number;
  /** Packets that a client has no business to send here. */
  unexpected: number;
}

export interface ReadTransferOptions {
  readonly file: TftpFile;
  readonly mode: TransferMode;
  readonly terms: Terms;
  readonly clock: Clock;
  readonly counters: ReadTransferCounters;
  readonly send: (message: TftpMessage) => void;
  /** Something was sent although no packet came and no time: a read of the file is over. */
  readonly changed: () => void;
  /** Called once, when the transfer needs nothing any more. The file is the caller's to close. */
  readonly ended: (end: TransferEnd) => void;
}

/**
 * One file on its way to one client (RFC 1350, RFC 7440). What is not acknowledged in time is sent again; an acknowledgement
 * that comes twice never is a reason to send (RFC 1123 section 4.2.3.1, the Sorcerer's Apprentice). Block numbers go on from
 * 65,535 to 0.
 */
export class ReadTransfer implements Timed {
  readonly #options: ReadTransferOptions;
  readonly #source: BlockSource;
  readonly #firstTimeoutMs: number;
  /** The client has not yet acknowledged what was agreed on. */
  #offering: boolean;
  /** Blocks from 1, not modulo anything: all up to here were acknowledged, and sent. */
  #acknowledged = 0;
  #sent = 0;
  /** The highest that was ever sent: below it everything sent is a retransmission. */
  #highest = 0;
  /** Those behind `#acknowledged`, sent or to be sent. */
  readonly #window: Uint8Array[] = [];
  #timeoutMs: number;
  #retries = 0;
  #deadlineMs = Number.POSITIVE_INFINITY;
  #over = false;

  constructor(options: ReadTransferOptions) {
    const { file, mode, terms } = options;
    this.#options = options;
    this.#firstTimeoutMs = terms.timeoutMs ?? FIRST_TIMEOUT_MS;
    this.#timeoutMs = this.#firstTimeoutMs;
    this.#offering = terms.accepted.length > 0;
    this.#source = new BlockSource({
      file,
      mode,
      blockBytes: terms.blockBytes,
      changed: () => {
        if (this.#over || this.#offering) return;
        this.#fillWindow();
        options.changed();
      },
    });
  }

  /** Sends the first packet. */
  start(): void {
    if (this.#offering) this.#offer();
    else this.#fillWindow();
  }

  /** The client asks for the same once more. True when that is because it has not yet heard of us; it has then been told. */
  askedAgain(): boolean {
    if (this.#over || this.#acknowledged > 0 || (this.#options.terms.accepted.length > 0 && !this.#offering))
      return false;
    this.#sendAgain();
    return true;
  }

  /** Takes a packet that the client sent to this transfer's port. */
  receive(message: TftpMessage): void {
    if (this.#over) return;
    if (message.kind === "ack") this.#acknowledge(message.block);
    else if (message.kind === "error") this.#end("abandoned");
    else this.#options.counters.unexpected++;
  }

  deadline(): number {
    return this.#deadlineMs;
  }

  advance(nowMs: number): void {
    if (this.#over || this.#deadlineMs > nowMs) return;
    if (this.#retries === MOST_RETRIES) {
      this.#end("timed-out", "The client has been silent for too long: the transfer is over.");
      return;
    }
    this.#retries++;
    this.#timeoutMs = Math.min(2 * this.#timeoutMs, Math.max(LONGEST_TIMEOUT_MS, this.#firstTimeoutMs));
    this.#sendAgain();
  }

  /** Tells the client, and ends. */
  close(): void {
    this.#end("closed", "The boot server is closing.");
  }

  #acknowledge(block: number): void {
    const { counters } = this.#options;
    if (this.#offering) {
      if (block !== 0) {
        counters.staleAcks++;
        return;
      }
      this.#offering = false;
    } else {
      const gained = (block - this.#acknowledged) & 0xffff;
      if (gained === 0 || gained > this.#sent - this.#acknowledged) {
        counters.staleAcks++;
        return;
      }
      this.#acknowledged += gained;
      this.#window.splice(0, gained);
    }
    this.#retries = 0;
    this.#timeoutMs = this.#firstTimeoutMs;
    this.#deadlineMs = Number.POSITIVE_INFINITY;
    if (this.#source.finished && this.#window.length === 0) {
      this.#end("completed");
      return;
    }
    // In the middle of a window it says that what follows was lost (RFC 7440 section 4): the next window begins there.
    this.#sent = this.#acknowledged;
    this.#fillWindow();
  }

  #offer(): void {
    this.#options.send({ kind: "option-ack", options: this.#options.terms.accepted });
    this.#wait();
  }

  #sendAgain(): void {
    if (this.#offering) {
      this.#options.counters.retransmissions++;
      this.#offer();
      return;
    }
    this.#sent = this.#acknowledged;
    this.#fillWindow();
  }

  /** Sends what the window still takes, as far as it has been read. */
  #fillWindow(): void {
    const { counters, terms, send } = this.#options;
    while (this.#sent - this.#acknowledged < terms.windowBlocks) {
      const index = this.#sent - this.#acknowledged;
      const bytes = this.#window[index] ?? this.#source.next();
      if (bytes === undefined) break;
      this.#window[index] = bytes;
      this.#sent++;
      if (this.#sent > this.#highest) this.#highest = this.#sent;
      else counters.retransmissions++;
      counters.dataSent++;
      counters.bytesSent += bytes.length;
      send({ kind: "data", block: this.#sent & 0xffff, bytes });
    }
    const { failure } = this.#source;
    if (failure !== undefined) this.#end("failed", failure);
    else if (this.#window.length > 0) this.#wait();
  }

  #wait(): void {
    this.#deadlineMs = this.#options.clock.now() + this.#timeoutMs;
  }

  #end(end: TransferEnd, message?: string): void {
    if (this.#over) return;
    this.#over = true;
    this.#deadlineMs = Number.POSITIVE_INFINITY;
    this.#window.length = 0;
    if (message !== undefined) {
      this.#options.send({ kind: "error", code: tftpErrorCode.notDefined, message });
    }
    this.#options.ended(end);
  }
}
