import { ConfigBuilder } from "./builder.ts";
import type { PxelinuxConfig } from "./config.ts";
import { DIRECTIVES } from "./directives.ts";
import { slip } from "./draft.ts";
import { finish } from "./finish.ts";
import { type ConfigLine, splitConfig, splitKeyword, splitWord } from "./line.ts";
import { treePath, unreachable } from "./path.ts";

/** Files may include files this many deep, the first one counted (syslinux.cfg, INCLUDE). */
export const MOST_DEPTH = 16;
/** Includes that fan out, each twice, would not come to an end in a reader's lifetime. */
const MOST_LINES = 100_000;

/** A config file, by its name for people: its path in the tree. */
export interface ConfigText {
  readonly name: string;
  readonly text: string;
}

/** The files that may be included, by their path in the tree; a clause that says why where one could not be read. */
export type IncludedFiles = ReadonlyMap<string, { readonly text: string } | { readonly why: string }>;

/**
 * Reads a config whose included files are at hand; see `readPxelinux` for one whose files have to be fetched. Several files are
 * read as if they were one, as by `menu.c32 FILE FILE`. Never throws: what has no effect is in `reports`.
 * @param prefix the folder of the tree that names of files are relative to; "" is its root
 */
export function parsePxelinux(
  main: string | readonly ConfigText[],
  included: IncludedFiles = new Map(),
  prefix = "",
): PxelinuxConfig {
  const files = typeof main === "string" ? [{ name: "pxelinux.cfg/default", text: main }] : main;
  const builder = new ConfigBuilder(prefix);
  const reader = new Reader(builder, included);
  for (const { name, text } of files) reader.read(name, text, []);
  builder.endLabel();
  return finish(builder);
}

class Reader {
  readonly #builder: ConfigBuilder;
  readonly #included: IncludedFiles;
  #lines = 0;

  constructor(builder: ConfigBuilder, included: IncludedFiles) {
    this.#builder = builder;
    this.#included = included;
  }

  /** @param within the files that include this one, the first one first */
  read(name: string, text: string, within: readonly string[]): void {
    const lines = splitConfig(text, name);
    const here = [...within, name];
    for (let index = 0; index < lines.length; index++) {
      const line = lines[index]!;
      if (++this.#lines > MOST_LINES) {
        this.#builder.report(
          line,
          slip(`the files have more than ${MOST_LINES} lines together: the rest is not read`),
        );
        return;
      }
      const target = includeTarget(line);
      if (line.keyword === "") continue;
      if (target !== undefined) this.#include(line, target, here);
      else if (line.keyword === "TEXT") index = this.#text(lines, index);
      else {
        const act = DIRECTIVES.get(line.keyword);
        this.#builder.report(
          line,
          act ? act(this.#builder, line) : slip(`there is no keyword ${line.keyword}`),
        );
      }
    }
  }

  #include(line: ConfigLine, target: string, here: readonly string[]): void {
    const { word, rest: tag } = splitWord(target);
    const file = this.#find(word, here);
    if ("why" in file) {
      this.#builder.report(line, slip(file.why));
      return;
    }
    if (tag !== "") this.#builder.beginMenu(tag, line);
    this.read(file.path, file.text, here);
    if (tag !== "") this.#builder.endMenu();
  }

  #find(name: string, here: readonly string[]): { path: string; text: string } | { why: string } {
    const place = treePath(name, this.#builder.prefix);
    if (!place.ok) return { why: unreachable(name, place.reason) };
    const { path } = place;
    if (here.includes(path)) return { why: `${path} includes itself: ${[...here, path].join(" → ")}` };
    if (here.length >= MOST_DEPTH)
      return { why: `files may include files ${MOST_DEPTH} deep, and this is one more` };
    const file = this.#included.get(path) ?? { why: "it is not read here" };
    return "why" in file ? { why: `${path} is not included: ${file.why}` } : { path, text: file.text };
  }

  /** Reads TEXT HELP … ENDTEXT; returns the index of its last line. */
  #text(lines: readonly ConfigLine[], start: number): number {
    const builder = this.#builder;
    const first = lines[start]!;
    const end = lines.findIndex((line, index) => index > start && line.keyword === "ENDTEXT");
    const last = end < 0 ? lines.length - 1 : end;
    const whole = lines.slice(start, last + 1);
    const body = whole.slice(1, end < 0 ? undefined : -1);
    this.#lines += body.length;
    if (end < 0) builder.report(first, slip("its ENDTEXT is missing"));
    const { label } = builder;
    if (splitKeyword(first.argument).keyword !== "HELP" || label === undefined) {
      const why = label === undefined ? "it belongs to no label" : "the only TEXT is TEXT HELP";
      for (const line of whole) if (line.text.trim() !== "") builder.report(line, slip(why));
      return last;
    }
    const text = body.map((line) => line.text).join("\n");
    label.helpText = label.helpText === undefined ? text : `${label.helpText}\n${text}`;
    label.shown.push(...whole.filter((line) => line.text.trim() !== ""));
    return last;
  }
}

/** The file, and the tag behind it, that a line includes. */
export function includeTarget({ keyword, argument }: ConfigLine): string | undefined {
  if (keyword === "INCLUDE") return argument;
  if (keyword !== "MENU") return undefined;
  const more = splitKeyword(argument);
  return more.keyword === "INCLUDE" ? more.argument : undefined;
}
