import type { ReadStream } from "node:tty";
import type { BootRecord } from "../boot/boot-record.ts";
import { aborted, until } from "./wait.ts";

/** Ctrl-], as telnet has it. */
const LEAVE = 0x1d;

export interface TerminalStreams {
  readonly input: NodeJS.ReadableStream & Partial<Pick<ReadStream, "isTTY" | "setRawMode">>;
  readonly output: NodeJS.WritableStream;
}

/** Joins a person's terminal to the guest's console, until Ctrl-] is typed or the input ends. */
export class Terminal {
  readonly #streams: TerminalStreams;
  readonly #over = new AbortController();
  #send: ((bytes: Uint8Array) => void) | undefined;

  constructor(streams: TerminalStreams) {
    this.#streams = streams;
  }

  /** What the guest says. */
  write(bytes: Uint8Array): void {
    this.#streams.output.write(bytes);
  }

  /** From now on what is typed goes to `send`. */
  attach(send: (bytes: Uint8Array) => void): void {
    const { input, output } = this.#streams;
    this.#send = send;
    output.write("[netroot: this terminal is the guest's console; Ctrl-] leaves it]\r\n");
    input.setRawMode?.(true);
    input.on("data", this.#typed).on("end", this.#end);
    input.resume();
  }

  /** Aborted when the person has left. */
  get leaving(): AbortSignal {
    return this.#over.signal;
  }

  /** Resolves when the machine is off, or the signal says so. */
  async left(record: BootRecord, signal: AbortSignal): Promise<void> {
    const over = new AbortController();
    const off = until(record, over.signal, () => record.ended || undefined);
    await Promise.race([off, aborted(signal, over.signal)]);
    // Whoever lost is let go.
    const lost = off.catch(() => {});
    over.abort(new Error("nobody waits any more"));
    await lost;
  }

  /** Gives the terminal back. May be called again. */
  close(): void {
    const { input } = this.#streams;
    if (this.#send === undefined) return;
    this.#send = undefined;
    input.off("data", this.#typed).off("end", this.#end);
    input.setRawMode?.(false);
    input.pause();
  }

  readonly #end = () => this.#over.abort(new Error("left"));

  readonly #typed = (chunk: Buffer | string) => {
    const bytes = Buffer.from(chunk);
    const at = bytes.indexOf(LEAVE);
    this.#send?.(at < 0 ? bytes : bytes.subarray(0, at));
    if (at >= 0) this.#end();
  };
}
