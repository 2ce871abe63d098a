import { initrdsOf, splitInitrds } from "./append.ts";
import type { PxelinuxConfig, PxelinuxEntry, UnknownLine } from "./config.ts";
import { type ConfigLine, splitConfig, splitWord } from "./line.ts";

/** Files that SYSLINUX tells from a kernel by their ending: menu and chain programs, other boot programs, boot sectors, disks. */
const NOT_A_KERNEL = /\.(c32|0|cbt|bin|bs|bss|img|com)$/i;
const NOT_SUPPORTED = "not supported";
const NOT_LINUX = "it boots something other than a Linux kernel";
const NO_LABEL = "there is no LABEL before it";

/** A label while its lines are read. */
interface Draft {
  readonly label: string;
  readonly line: number;
  title?: string;
  hotkey?: string;
  kernel?: string;
  /** The keyword that makes it boot something else: LOCALBOOT, COM32… */
  other?: string;
  initrd?: string;
  append?: string;
  sysAppend?: number;
  helpText: string;
}

/** Reads a pxelinux.cfg file. Never throws: what it cannot use is in `unknown`, with its line. */
export function parsePxelinux(text: string): PxelinuxConfig {
  return new Parser().parse(splitConfig(text));
}

class Parser {
  readonly #drafts: Draft[] = [];
  readonly #unknown: UnknownLine[] = [];
  readonly #say: string[] = [];
  /** The label that lines belong to now; undefined before the first one, "duplicate" in one that is ignored. */
  #current: Draft | "duplicate" | undefined;
  #default: ConfigLine | undefined;
  #menuDefault: string | undefined;
  #title: string | undefined;
  #ui: string | undefined;
  #append = "";
  #sysAppend = 0;
  #timeoutMs: number | undefined;
  #prompt = false;

  parse(lines: readonly ConfigLine[]): PxelinuxConfig {
    for (let index = 0; index < lines.length; index++) {
      const line = lines[index]!;
      if (line.keyword === "") continue;
      if (line.keyword === "TEXT") {
        index = this.#text(lines, index);
        continue;
      }
      const why = this.#line(line);
      if (why !== undefined) this.#skip(line, why);
    }
    const entries = this.#drafts.map((draft) => this.#finish(draft));
    const defaultLabel = this.#resolveDefault(entries);
    this.#unknown.sort((a, b) => a.line - b.line);
    return {
      entries,
      defaultLabel,
      ...(this.#title !== undefined && { title: this.#title }),
      ...(this.#ui !== undefined && { ui: this.#ui }),
      ...(this.#timeoutMs !== undefined && { timeoutMs: this.#timeoutMs }),
      prompt: this.#prompt,
      say: this.#say,
      unknown: this.#unknown,
    };
  }

  /** Acts on a line, or says why it has no effect. */
  #line(line: ConfigLine): string | undefined {
    if (line.keyword === "LABEL") return this.#label(line);
    if (this.#current === "duplicate" && isOfLabel(line)) return "it belongs to a label that is taken";
    const draft = typeof this.#current === "object" ? this.#current : undefined;
    switch (line.keyword) {
      case "KERNEL":
      case "LINUX":
        if (draft === undefined) return NO_LABEL;
        draft.kernel = line.argument;
        delete draft.other;
        if (line.keyword === "LINUX" || !NOT_A_KERNEL.test(line.argument)) return undefined;
        draft.other = line.keyword;
        return NOT_LINUX;
      case "LOCALBOOT":
      case "COM32":
      case "CONFIG":
      case "BOOT":
      case "BSS":
      case "PXE":
      case "FDIMAGE":
      case "COMBOOT":
        if (draft !== undefined) draft.other = line.keyword;
        return NOT_LINUX;
      case "INITRD":
        if (draft === undefined) return NO_LABEL;
        draft.initrd = line.argument;
        return undefined;
      case "APPEND":
        if (draft === undefined) this.#append = line.argument === "-" ? "" : line.argument;
        else draft.append = line.argument;
        return undefined;
      case "IPAPPEND":
      case "SYSAPPEND":
        return withNumber(line, (mask) => {
          if (draft === undefined) this.#sysAppend = mask;
          else draft.sysAppend = mask;
        });
      case "DEFAULT":
        this.#default = line;
        return undefined;
      case "UI":
        this.#ui = splitName(line.argument);
        return undefined;
      case "TIMEOUT":
        return withNumber(line, (tenths) => {
          this.#timeoutMs = tenths === 0 ? undefined : tenths * 100;
        });
      case "PROMPT":
        return withNumber(line, (flag) => {
          this.#prompt = flag !== 0;
        });
      case "SAY":
        this.#say.push(line.argument);
        return undefined;
      case "MENU":
        return this.#menu(line, draft);
      default:
        return NOT_SUPPORTED;
    }
  }

  #menu(line: ConfigLine, draft: Draft | undefined): string | undefined {
    const { keyword, argument } = splitWord(line.argument);
    if (keyword === "TITLE") {
      this.#title = argument;
      return undefined;
    }
    if (draft === undefined) return keyword === "LABEL" ? NO_LABEL : NOT_SUPPORTED;
    if (keyword === "DEFAULT" && argument === "") {
      this.#menuDefault = draft.label;
      return undefined;
    }
    if (keyword !== "LABEL") return NOT_SUPPORTED;
    const mark = argument.indexOf("^");
    const hotkey = mark < 0 ? undefined : argument[mark + 1]?.toLowerCase();
    draft.title = mark < 0 ? argument : argument.slice(0, mark) + argument.slice(mark + 1);
    if (hotkey !== undefined) draft.hotkey = hotkey;
    return undefined;
  }

  #label(line: ConfigLine): string | undefined {
    const label = splitName(line.argument);
    this.#current = "duplicate";
    if (label === "") return "the label has no name";
    if (this.#drafts.some((draft) => draft.label === label)) return `the label ${label} is taken`;
    this.#current = { label, line: line.number, helpText: "" };
    this.#drafts.push(this.#current);
    return undefined;
  }

  /** Reads TEXT HELP … ENDTEXT; returns the index of its last line. */
  #text(lines: readonly ConfigLine[], start: number): number {
    const first = lines[start]!;
    if (splitWord(first.argument).keyword !== "HELP") {
      this.#skip(first, NOT_SUPPORTED);
      return start;
    }
    const end = lines.findIndex((line, index) => index > start && line.keyword === "ENDTEXT");
    const last = end < 0 ? lines.length - 1 : end;
    const body = lines.slice(start + 1, end < 0 ? lines.length : end).map((line) => line.text);
    if (end < 0) this.#skip(first, "its ENDTEXT is missing");
    if (typeof this.#current === "object") this.#current.helpText = body.join("\n");
    else for (const line of lines.slice(start, last + 1)) this.#skip(line, "it belongs to no label");
    return last;
  }

  #finish(draft: Draft): PxelinuxEntry {
    const own = draft.append === "-" ? "" : draft.append;
    const append = own ?? this.#append;
    const named = initrdsOf(append);
    return {
      label: draft.label,
      title: draft.title ?? draft.label,
      ...(draft.hotkey !== undefined && { hotkey: draft.hotkey }),
      // SYSLINUX boots the file that is called like the label where nothing else is said.
      kernel: draft.other === undefined ? draft.kernel || draft.label : undefined,
      initrds: named.length > 0 ? named : splitInitrds(draft.initrd ?? ""),
      append,
      sysAppend: draft.sysAppend ?? this.#sysAppend,
      helpText: draft.helpText,
      line: draft.line,
    };
  }

  /** DEFAULT counts where it names a label; where it names a menu program, MENU DEFAULT does, or else the first entry. */
  #resolveDefault(entries: readonly PxelinuxEntry[]): string | undefined {
    const fallback = this.#menuDefault ?? entries[0]?.label;
    const line = this.#default;
    if (line === undefined) return fallback;
    const name = splitName(line.argument);
    const more = line.argument.slice(name.length).trim();
    if (entries.some((entry) => entry.label === name)) {
      if (more !== "") this.#skip(line, `the options after ${name} are not supported`);
      return name;
    }
    if (/\.c32$/i.test(name)) this.#ui ??= name;
    else this.#skip(line, `there is no label ${name === "" ? "there" : name}`);
    return fallback;
  }

  #skip(line: ConfigLine, why: string): void {
    this.#unknown.push({ line: line.number, text: line.text.trim(), why });
  }
}

/** Whether a line after LABEL says something about that label rather than about the whole file. */
function isOfLabel({ keyword, argument }: ConfigLine): boolean {
  if (keyword === "MENU") return splitWord(argument).keyword !== "TITLE";
  return !["DEFAULT", "UI", "TIMEOUT", "PROMPT", "SAY"].includes(keyword);
}

/** The first word, in its own case: labels and files have one. */
function splitName(argument: string): string {
  return argument.split(/\s/, 1)[0] ?? "";
}

/** Hands on a number (decimal, or hexadecimal with 0x), or says that there is none. */
function withNumber(line: ConfigLine, use: (value: number) => void): string | undefined {
  if (!/^([0-9]{1,9}|0x[0-9a-f]{1,7})$/i.test(line.argument)) return "its value is no number";
  use(Number(line.argument));
  return undefined;
}
