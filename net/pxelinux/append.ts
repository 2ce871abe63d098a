import { splitWords } from "./line.ts";

/**
 * The initrds that a command line names, in the order in which they are loaded. As in PXELINUX the first `initrd=` counts, and
 * commas separate several files.
 */
export function initrdsOf(append: string): string[] {
  const value = splitWords(append)
    .find((word) => word.startsWith("initrd="))
    ?.slice("initrd=".length);
  return (value ?? "").split(",").filter((name) => name !== "");
}

/** Joins parts of a command line; what is empty is left out. */
export function joinWords(...parts: readonly string[]): string {
  return parts.filter((part) => part !== "").join(" ");
}

/**
 * The line with `ip=dhcp` in place of a static address (dracut.cmdline(7)): on a segment that several machines share, one
 * menu must not give all of them the same.
 */
export function withLeasedAddress(append: string): string {
  return append.replace(/(^|\s)ip=\d+\.\d+\.\d+\.\d+\S*/g, "$1ip=dhcp");
}
