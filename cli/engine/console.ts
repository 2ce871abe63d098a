import { ConsoleLines } from "../../worker/milestones/console-lines.ts";

export interface ConsoleOptions {
  readonly send: (bytes: Uint8Array) => void;
  /** How much output is kept to be looked through. Policy: drop-oldest. */
  readonly maxCharacters?: number;
}

export interface CommandResult {
  readonly status: number;
  /** Standard output and standard error, without the echo and the prompt. */
  readonly output: string;
}

const DEFAULT_MAX_CHARACTERS = 1024 * 1024;

interface Waiter {
  readonly pattern: RegExp;
  readonly from: number;
  readonly resolve: (match: RegExpExecArray) => void;
  readonly reject: (error: Error) => void;
}

/** The serial console as a program uses it: wait for a text, type a command, get its output and its exit status. */
export class Console {
  readonly #send: (bytes: Uint8Array) => void;
  readonly #maxCharacters: number;
  readonly #lines = new ConsoleLines((line) => {
    this.#finished += `${line}\n`;
  });
  readonly #waiters = new Set<Waiter>();
  #finished = "";
  /** How many characters of plain text were dropped in front of what is kept. */
  #dropped = 0;
  #commands = 0;
  #closed: Error | undefined;

  constructor(options: ConsoleOptions) {
    this.#send = options.send;
    this.#maxCharacters = options.maxCharacters ?? DEFAULT_MAX_CHARACTERS;
  }

  /** What was printed so far, as plain text, the line under way included. */
  get text(): string {
    return this.#finished + this.#lines.partial;
  }

  /** A place in the output: what is printed from now on. */
  get position(): number {
    return this.#dropped + this.text.length;
  }

  /** Output of the machine, in any split. */
  receive(bytes: Uint8Array): void {
    for (const byte of bytes) this.#lines.push(byte);
    if (this.#finished.length > this.#maxCharacters) {
      const cut = this.#finished.length - this.#maxCharacters;
      this.#finished = this.#finished.slice(cut);
      this.#dropped += cut;
    }
    for (const waiter of [...this.#waiters]) this.#look(waiter);
  }

  /** Resolves with the first match in what was printed since `from`, by default in all that is kept. */
  waitFor(pattern: RegExp, options: { readonly from?: number; readonly signal?: AbortSignal } = {}) {
    const { from = 0, signal } = options;
    return new Promise<RegExpExecArray>((resolve, reject) => {
      const finish = () => {
        this.#waiters.delete(waiter);
        signal?.removeEventListener("abort", abort);
      };
      const abort = () => waiter.reject(new Error(`gave up waiting for ${pattern} on the console`));
      const waiter: Waiter = {
        pattern,
        from,
        resolve: (match) => {
          finish();
          resolve(match);
        },
        reject: (error) => {
          finish();
          reject(error);
        },
      };
      if (this.#closed) {
        reject(this.#closed);
        return;
      }
      this.#waiters.add(waiter);
      signal?.addEventListener("abort", abort, { once: true });
      if (signal?.aborted) abort();
      else this.#look(waiter);
    });
  }

  type(text: string): void {
    this.#send(new TextEncoder().encode(text));
  }

  /**
   * Runs a command in the shell at the prompt. It goes out as one line, so that the terminal's echo is over before the
   * output begins, and the marks around the output are put together by the shell: the echo does not contain them.
   */
  async run(command: string, options: { readonly signal?: AbortSignal } = {}): Promise<CommandResult> {
    this.#commands += 1;
    const mark = `netroot-${this.#commands}`;
    const from = this.position;
    const quoted = command.replaceAll("'", "'\\''");
    this.type(
      `printf '%s:\\n' '${mark}''-begin'; eval '${quoted}'; printf '\\n%s:%d\\n' '${mark}''-end' $?\n`,
    );
    const match = await this.waitFor(new RegExp(`^${mark}-begin:\\n(.*?)^${mark}-end:(\\d+)\\n`, "ms"), {
      ...options,
      from,
    });
    return { status: Number(match[2]), output: match[1]!.replace(/\n+$/, "") };
  }

  /** Nothing more will come: everybody who waits is told. */
  close(reason: string): void {
    this.#closed = new Error(reason);
    for (const waiter of [...this.#waiters]) waiter.reject(this.#closed);
  }

  #look(waiter: Waiter): void {
    const match = waiter.pattern.exec(this.text.slice(Math.max(0, waiter.from - this.#dropped)));
    if (match) waiter.resolve(match);
  }
}
