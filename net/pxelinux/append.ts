/**
 * The initrds that an APPEND line names, in the order in which they are loaded. As in pxelinux the last `initrd=` counts, and
 * commas separate several files.
 */
export function initrdsOf(append: string): string[] {
  const value = append
    .split(/\s+/)
    .findLast((word) => word.startsWith("initrd="))
    ?.slice("initrd=".length);
  return splitInitrds(value ?? "");
}

/** Takes `a,b` apart; empty names are nothing. */
export function splitInitrds(list: string): string[] {
  return list
    .split(",")
    .map((name) => name.trim())
    .filter((name) => name !== "");
}
