import { splitWords } from "../../pxelinux/line.ts";

/** What a script booted, or how it ended. */
export type IpxeEnd =
  | {
      readonly kind: "boot";
      readonly kernel: string;
      readonly commandLine: string;
      readonly initrds: readonly { readonly name: string; readonly uri: string }[];
    }
  | { readonly kind: "chain"; readonly uri: string }
  | { readonly kind: "exit" };

/** A person at the machine, and the network behind it. */
export interface IpxeWorld {
  /** The settings that iPXE has by itself. */
  readonly settings?: Readonly<Record<string, string>>;
  /** Chooses from a menu; undefined waits for its time-out, and "esc" is that key. */
  choose?(menu: IpxeMenu): string | undefined;
  /** Whether a key is pressed at a `prompt`. Once: a second one waits for its time-out. */
  readonly keyAtPrompt?: boolean;
  /** What is typed at a `read`. */
  readonly typed?: readonly string[];
  /** Whether a file can be had. */
  has?(uri: string): boolean;
}

export interface IpxeMenu {
  readonly title: string;
  readonly items: readonly { readonly label: string; readonly text: string; readonly key?: string }[];
  readonly selected: string | undefined;
  readonly timeoutMs: number;
}

const MOST_STEPS = 2000;
const OPTIONS_WITH_VALUES = ["--name", "--timeout", "--default", "--key"];

/**
 * Runs a script as iPXE does (src/image/script.c, src/core/exec.c, src/core/getopt.c): lines and their continuation, labels, words,
 * terminators, settings, options. Throws for what iPXE would end with an error for.
 */
export class IpxeInterpreter {
  /** What was printed. */
  readonly said: string[] = [];
  readonly #settings = new Map<string, string>();
  readonly #lines: readonly { readonly label?: string; readonly command: string }[];
  readonly #world: IpxeWorld;
  readonly #typed: string[];
  #key: boolean;
  #at = 0;
  #menu: { title: string; items: { label: string; text: string; key?: string }[] } | undefined;
  #kernel: { uri: string; commandLine: string } | undefined;
  #initrds: { name: string; uri: string }[] = [];
  #end: IpxeEnd | undefined;
  #went = false;

  constructor(script: string, world: IpxeWorld = {}) {
    if (!/^#!ipxe\s/.test(script)) throw new Error("This is no iPXE script.");
    this.#world = world;
    this.#typed = [...(world.typed ?? [])];
    this.#key = world.keyAtPrompt ?? false;
    for (const [name, value] of Object.entries(world.settings ?? {})) this.#settings.set(name, value);
    const lines = script.replaceAll("\r\n", "\n").replaceAll("\\\n", "").split("\n");
    this.#lines = lines.map((line) => {
      const match = /^\s*:(\S*)\s?(.*)$/.exec(line);
      return match === null ? { command: line } : { label: match[1]!, command: match[2]! };
    });
  }

  run(): IpxeEnd {
    for (let steps = 0; steps < MOST_STEPS; steps++) {
      const line = this.#lines[this.#at++];
      if (line === undefined) return { kind: "exit" };
      const failed = this.#line(line.command);
      if (this.#end !== undefined) return this.#end;
      if (failed) throw new Error(`The script ends with an error at: ${line.command}`);
    }
    throw new Error("The script goes round in circles.");
  }

  /** Returns whether it failed. */
  #line(command: string): boolean {
    let words: string[] = [];
    let failed = false;
    let due = true;
    const run = () => {
      if (due) failed = !this.#run(words.map((word) => this.#expand(word)));
      words = [];
    };
    for (const word of splitWords(command)) {
      if (word.startsWith("#")) break;
      if (word !== "&&" && word !== "||" && word !== ";") {
        words.push(word);
        continue;
      }
      run();
      if (this.#went || this.#end !== undefined) break;
      due = word === ";" || failed === (word === "||");
    }
    if (!this.#went && this.#end === undefined) run();
    this.#went = false;
    return failed;
  }

  #expand(word: string): string {
    let text = word;
    for (;;) {
      const from = text.indexOf("${");
      const end = from < 0 ? -1 : text.indexOf("}", from);
      if (end < 0) return text;
      const start = text.lastIndexOf("${", end);
      const value = this.#settings.get(text.slice(start + 2, end)) ?? "";
      text = text.slice(0, start) + value + text.slice(end + 1);
    }
  }

  #run([command, ...more]: string[]): boolean {
    if (command === undefined) return true;
    const { options, words } = takeOptions(more);
    const [first = "", ...rest] = words;
    switch (command) {
      case "set":
        this.#settings.set(first, rest.join(" "));
        return true;
      case "clear":
        return this.#settings.delete(first);
      case "echo":
        this.said.push(words.join(" "));
        return true;
      case "goto":
        return this.#goto(first);
      case "isset":
        return first !== "";
      case "iseq":
        if (words.length !== 2) throw new Error(`iseq has ${words.length} words`);
        return first === rest[0];
      case "prompt": {
        const pressed = this.#key;
        this.#key = false;
        return pressed || !options.has("--timeout");
      }
      case "read": {
        const typed = this.#typed.shift();
        if (typed !== undefined) this.#settings.set(first, typed);
        return typed !== undefined;
      }
      case "menu":
        this.#menu = { title: words.join(" "), items: [] };
        return true;
      case "item":
        return this.#item(options, words);
      case "choose":
        return this.#choose(options, first);
      case "imgfree":
        this.#kernel = undefined;
        this.#initrds = [];
        return true;
      case "kernel":
        if (this.#world.has?.(first) === false) return false;
        this.#kernel = { uri: first, commandLine: rest.join(" ") };
        return true;
      case "initrd":
        if (this.#world.has?.(first) === false || rest.length > 0) return false;
        this.#initrds.push({ name: options.get("--name") ?? first.split("/").at(-1)!, uri: first });
        return true;
      case "boot":
        if (this.#kernel === undefined) return false;
        this.#end = {
          kind: "boot",
          kernel: this.#kernel.uri,
          commandLine: this.#kernel.commandLine,
          initrds: this.#initrds,
        };
        return true;
      case "chain":
        if (this.#world.has?.(first) === false) return false;
        this.#end = { kind: "chain", uri: first };
        return true;
      case "exit":
        this.#end = { kind: "exit" };
        return true;
      default:
        throw new Error(`${command}: command not found`);
    }
  }

  #goto(label: string): boolean {
    const at = this.#lines.findIndex((line) => line.label === label);
    if (at < 0) throw new Error(`There is no label ${label}.`);
    this.#at = at;
    this.#went = true;
    return true;
  }

  #item(options: Options, words: readonly string[]): boolean {
    if (this.#menu === undefined) throw new Error("item outside of a menu");
    if (options.has("--gap")) return true;
    const [label = "", ...text] = words;
    const key = options.get("--key");
    this.#menu.items.push({ label, text: text.join(" "), ...(key !== undefined && { key }) });
    return true;
  }

  #choose(options: Options, setting: string): boolean {
    const menu = this.#menu;
    if (menu === undefined) throw new Error("choose outside of a menu");
    this.#menu = undefined;
    const timeoutMs = Number(options.get("--timeout"));
    const wanted = options.get("--default");
    const selected = menu.items.some(({ label }) => label === wanted) ? wanted : menu.items[0]?.label;
    const chosen = this.#world.choose?.({ ...menu, selected, timeoutMs });
    const label = chosen ?? (timeoutMs > 0 ? selected : undefined);
    if (label === undefined && chosen === undefined && menu.items.length > 0)
      throw new Error("The menu waits for ever.");
    if (label === undefined || label === "esc") return false;
    if (!menu.items.some((item) => item.label === label)) throw new Error(`The menu has no item ${label}.`);
    this.#settings.set(setting, label);
    return true;
  }
}

type Options = ReadonlyMap<string, string>;

/** Options stand before the first other word; `--` ends them. */
function takeOptions(words: readonly string[]): { options: Options; words: readonly string[] } {
  const options = new Map<string, string>();
  let at = 0;
  while (words[at]?.startsWith("-") && words[at] !== "-") {
    const name = words[at++]!;
    if (name === "--") break;
    if (!OPTIONS_WITH_VALUES.includes(name)) {
      if (name !== "--gap" && name !== "--replace" && name !== "-n")
        throw new Error(`Unrecognised option ${name}`);
      options.set(name, "");
    } else {
      const value = words[at++];
      if (value === undefined || value.startsWith("-")) throw new Error(`${name} requires an argument`);
      options.set(name, value);
    }
  }
  return { options, words: words.slice(at) };
}
