import type { Timed } from "../../net/clock.ts";
import type { MilestoneName, Problem } from "../interface.ts";
import {
  bootModuleMissing,
  emergencyShell,
  entryNotStarted,
  entryUnloadable,
  initrdFatal,
  kernelNotStarted,
  kernelPanic,
  kernelWantsOtherCpu,
  menuMissing,
  nothingToBoot,
} from "./boot-problems.ts";
import { ConsoleLines } from "./console-lines.ts";
import type { SignHandlers } from "./signs.ts";

/**
 * What real boots print, with and without systemd in the initrd and in the root. Of each milestone the first match counts;
 * which of them come depends on the image, on `quiet` and on where the console is. A capturing group is the detail.
 */
const PATTERNS: readonly (readonly [name: MilestoneName, pattern: RegExp, label?: string])[] = [
  ["firmware", /^SeaBIOS \(version ([^)\s]+)/, "SeaBIOS "],
  ["kernel", /Linux version (\S+)/, "Linux "],
  ["initrd", /Run \/init as init process/],
  // dracut names itself after the distribution it was built on: "dracut: Debian GNU/Linux-12".
  ["initrd", /(?:^|\] )dracut: (.+-[\d.]+)$/],
  // systemd greets twice: from the initrd, and from the root.
  ["initrd", /^Welcome to .*?(dracut-\S+)? \(Initramfs\)!/],
  ["root-mounted", /dracut: Mounted root filesystem (\S+)/],
  ["root-mounted", /Mounted sysroot\.mount/],
  // systemd shortens names in the middle, and leaves descriptions alone.
  ["root-mounted", /Reached target .* - Initrd Root File System/],
  ["switch-root", /dracut: Switching root/],
  ["switch-root", /Reached target initrd-switch-root\.target|systemd\[1\]: Switching root/],
  ["userspace", /INIT: version (\S+) booting/, "sysvinit "],
  ["userspace", /^Welcome to (?!.*\(Initramfs\))(.+?)!$/],
];

/** What firmware and boot programs print when they cannot go on: PXELINUX 6, iPXE, our script for iPXE, a kernel's first lines. */
const BOOT_FAILURES: readonly (readonly [RegExp, (...details: string[]) => Problem])[] = [
  [/^Unable to locate configuration file/, menuMissing],
  [/^Failed to load (?:COM32 file )?(\S+\.c32)$/, bootModuleMissing],
  [/^Loading (\S+?) ?\.\.\. ?failed: (.+)$/, entryUnloadable],
  [/^Booting kernel failed: (.+)$/, kernelNotStarted],
  [/^Nothing to boot: /, nothingToBoot],
  [/^netroot: the entry (.+) cannot be started\.$/, entryNotStarted],
  [/^This kernel requires an? (\S+) CPU, but only detected an? (\S+) CPU\./, kernelWantsOtherCpu],
];

/** getty asks. With autologin it prints the same and goes on by itself, so this alone is not the end of the boot. */
const LOGIN_PROMPT = /(?:^|\s)[\w.-]+ login: $/;
const AUTOMATIC_LOGIN = /login: \S+ \(automatic login\)/;
/** A root shell. dracut's emergency shell has no host in its prompt, or the name dracut. */
const SHELL_PROMPT = /^(?:\[?root@(?!dracut)[\w.-]+[:\s]\S*)# $/;
const SPACE = 0x20;

/** How long a row of the screen must stand as it is before it is taken for a whole line. */
const ROW_SETTLES_MS = 300;
/** How long getty's question must stand alone before it is taken for one. */
const LOGIN_SETTLES_MS = 1500;

/** Reads the progress of a boot off its console. */
export class ConsoleWatch implements Timed {
  readonly #signs: SignHandlers;
  readonly #lines: ConsoleLines;
  #loginAskedMs: number | undefined;
  /** Of a row that may still be written to. */
  #failure: { readonly row: string; readonly problem: Problem; readonly dueMs: number } | undefined;
  /** No kernel has spoken yet. */
  #booting = true;
  /** The boot is over, and what is printed is the user's: only a panic still counts. */
  #over = false;

  constructor(signs: SignHandlers) {
    this.#signs = signs;
    this.#lines = new ConsoleLines((line) => this.line(line));
  }

  push(byte: number, nowMs: number): void {
    this.#lines.push(byte);
    if (byte === SPACE) this.#prompt(this.#lines.partial, nowMs);
  }

  deadline(): number {
    return Math.min(this.#loginDueMs, this.#failure?.dueMs ?? Number.POSITIVE_INFINITY);
  }

  advance(nowMs: number): void {
    if (this.#failure !== undefined && nowMs >= this.#failure.dueMs) this.#tellFailure();
    if (this.#loginAskedMs !== undefined && nowMs >= this.#loginDueMs) this.#arrive(this.#loginAskedMs);
  }

  get #loginDueMs(): number {
    return this.#loginAskedMs === undefined
      ? Number.POSITIVE_INFINITY
      : this.#loginAskedMs + LOGIN_SETTLES_MS;
  }

  /** A row of a text screen, padded with blanks: a line, or a line under way. */
  row(text: string, nowMs: number): void {
    const trimmed = text.replace(/[\0 ]+$/, "");
    if (trimmed === "") return;
    this.#line(trimmed);
    const problem = bootFailure(trimmed);
    if (problem !== undefined && this.#booting) {
      if (this.#failure !== undefined && !trimmed.startsWith(this.#failure.row)) this.#tellFailure();
      this.#failure = { row: trimmed, problem, dueMs: nowMs + ROW_SETTLES_MS };
    }
    this.#prompt(`${trimmed} `, nowMs);
  }

  /** A whole line of plain text. */
  line(text: string): void {
    const problem = this.#booting && !this.#over ? bootFailure(text) : undefined;
    if (problem !== undefined) this.#signs.problem(problem);
    this.#line(text);
  }

  #tellFailure(): void {
    if (this.#failure !== undefined) this.#signs.problem(this.#failure.problem);
    this.#failure = undefined;
  }

  #line(text: string): void {
    const panic = /Kernel panic - not syncing: (.*)/.exec(text);
    if (panic) this.#signs.problem(kernelPanic(panic[1]!));
    if (this.#over) return;
    if (AUTOMATIC_LOGIN.test(text)) this.#loginAskedMs = undefined;
    for (const [name, pattern, label = ""] of PATTERNS) {
      const match = pattern.exec(text);
      if (!match) continue;
      if (name !== "firmware") this.#booting = false;
      this.#signs.reached(name, match[1] === undefined ? undefined : label + match[1]);
    }
    this.#problems(text);
  }

  #prompt(text: string, nowMs: number): void {
    if (this.#over) return;
    if (SHELL_PROMPT.test(text)) this.#arrive(nowMs);
    else if (LOGIN_PROMPT.test(text)) this.#loginAskedMs ??= nowMs;
  }

  #arrive(atMs: number): void {
    this.#over = true;
    this.#loginAskedMs = undefined;
    this.#signs.reached("login", undefined, atMs);
  }

  #problems(text: string): void {
    const fatal = /dracut.*?FATAL: (?:FATAL: )?(.*)/.exec(text);
    if (fatal) this.#signs.problem(initrdFatal(fatal[1]!));
    if (/^Generating "\/run\/initramfs\/rdsosreport|^(?:Entering|You are in) emergency mode/.test(text)) {
      this.#signs.problem(emergencyShell());
    }
  }
}

function bootFailure(text: string): Problem | undefined {
  for (const [pattern, problem] of BOOT_FAILURES) {
    const match = pattern.exec(text);
    if (match) return problem(...match.slice(1));
  }
  return undefined;
}
