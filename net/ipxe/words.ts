// How text gets into an iPXE script unchanged (iPXE's src/core/exec.c and src/image/script.c). A line is split at blanks; a word
// that is `&&`, `||` or `;` ends a command, one that begins with `#` begins a comment, and a `\` at the end of the line joins
// it to the next one. There are no quotes. Then `${…}` is replaced in each word, again and again until none is left.
import { splitWords } from "../pxelinux/line.ts";

/** A setting that nobody sets: it is replaced by nothing, and keeps a word from being what it looks like. */
const NOTHING = setting("netroot-nothing");

/** iPXE replaces it whatever is done. */
const SETTING = /\$\{[^}]*\}/;

/** What iPXE puts the value of a setting in place of. */
export function setting(name: string): string {
  return `\${${name}}`;
}

/** Words as iPXE shall see them, with single blanks between; undefined where a `${…}` in them cannot be said. */
export function ipxeWords(text: string): string | undefined {
  return SETTING.test(text) && splitWords(text).some((word) => SETTING.test(word))
    ? undefined
    : splitWords(text).map(protect).join(" ");
}

/** The same for people's eyes: where a `${…}` cannot be said, its brace stands apart. */
export function ipxeText(text: string): string {
  return ipxeWords(text) ?? ipxeWords(text.replaceAll("${", "$ {")) ?? "";
}

/** A comment on a line of its own, whatever is in it. */
export function ipxeComment(text: string): string {
  const line = `# ${splitWords(text).join(" ")}`;
  return line.endsWith("\\") ? `${line} ` : line;
}

/** A file of the tree, relative to whichever server the script came from. */
export function ipxeUri(path: string): string {
  return `/${path.split("/").map(encodeURIComponent).join("/")}`;
}

function protect(word: string): string {
  const isOperator = word === "&&" || word === "||" || word === ";" || word.startsWith("#");
  const joins = word.endsWith("\\");
  return `${isOperator ? NOTHING : ""}${word}${joins ? NOTHING : ""}`;
}
