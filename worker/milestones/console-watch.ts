import type { MilestoneName } from "../interface.ts";
import { emergencyShell, initrdFatal, kernelPanic } from "./boot-problems.ts";
import { ConsoleLines } from "./console-lines.ts";
import type { SignHandlers } from "./signs.ts";

interface Pattern {
  readonly name: MilestoneName;
  readonly pattern: RegExp;
}

/**
 * What a real boot prints. Of each milestone the first match counts; which of them come depends on the image, on `quiet`
 * and on what the console is. A capturing group is the detail.
 */
const PATTERNS: readonly Pattern[] = [
  { name: "firmware", pattern: /^SeaBIOS \(version (\S+)\)/ },
  { name: "kernel", pattern: /Linux version (\S+)/ },
  { name: "initrd", pattern: /Run \/init as init process/ },
  { name: "initrd", pattern: /(?:^|\] )dracut: (dracut-\S+)/ },
  { name: "initrd", pattern: /systemd\[1\]: Running in initrd/ },
];

const AFTER_SWITCH_ROOT: readonly Pattern[] = [];

/** A shell's prompt, or getty's. dracut's emergency shell is none of them: its host part is empty or "dracut". */
const PROMPT =
  /(?:^|\s)[\w.-]+ login: $|^(?:root@(?!dracut)[\w.-]+:\S*|\[root@(?!dracut)[\w.-]+ [^\]]+\])# $/;

export class ConsoleWatch {
  readonly #signs: SignHandlers;
  readonly #lines: ConsoleLines;

  constructor(signs: SignHandlers) {
    this.#signs = signs;
    this.#lines = new ConsoleLines((line) => this.line(line));
  }

  push(byte: number): void {
    this.#lines.push(byte);
    if (byte === 0x20 && PROMPT.test(this.#lines.partial)) this.#signs.reached("login");
  }

  /** A whole line of plain text, from the serial console or the screen. */
  line(text: string): void {
    for (const { name, pattern } of [...PATTERNS, ...AFTER_SWITCH_ROOT]) {
      const match = pattern.exec(text);
      if (match) this.#signs.reached(name, match[1]);
    }
    const panic = /Kernel panic - not syncing: (.*)/.exec(text);
    if (panic) this.#signs.problem(kernelPanic(panic[1]!));
    const fatal = /FATAL: (.*)/.exec(text);
    if (fatal) this.#signs.problem(initrdFatal(fatal[1]!));
    if (/Entering emergency mode|Press Enter for maintenance/.test(text))
      this.#signs.problem(emergencyShell());
  }
}
