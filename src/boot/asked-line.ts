import { withLayer } from "../../net/kiwi/layer-parameter.ts";
import type { PageUrl } from "../page-url.ts";

/** What the page's address says of the command line. */
export type AskedLine = Pick<PageUrl, "append" | "cmdline">;

/**
 * The command line of an entry.
 * @param entry its own line
 * @param onDisk whether the system's writes go to the machine's disk, which the line then says unless it is given whole
 */
export function lineOf(entry: string, { append, cmdline }: AskedLine, onDisk: boolean): string {
  const line = joinAppend(cmdline ?? entry, append);
  return onDisk && cmdline === undefined ? withLayer(line, true) : line;
}

/** What an address has to say for `lineOf` to make this line: the whole of it only where it does not begin as the entry's. */
export function askedLine(entry: string, line: string, onDisk: boolean): AskedLine {
  const whole = line.trim();
  const bare = onDisk ? withLayer(whole, false) : whole;
  const own = lineOf(entry, { append: "" }, false);
  const start = onDisk ? withLayer(own, false) : own;
  const append = bare.startsWith(start) ? bare.slice(start.length).trim() : "";
  return lineOf(entry, { append }, onDisk) === whole ? { append } : { append: "", cmdline: whole };
}

/** A line with more behind it. */
export function joinAppend(line: string, added: string): string {
  return [line.trim(), added.trim()].filter((part) => part !== "").join(" ");
}
