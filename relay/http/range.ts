export type ByteRange =
  /** No range was asked for, or one that has to be ignored (another unit, several at once): send everything. */
  | { readonly kind: "whole" }
  /** Both ends inclusive, in bytes. */
  | { readonly kind: "part"; readonly first: number; readonly last: number }
  | { readonly kind: "unsatisfiable" };

/** Reads a Range header (RFC 9110, section 14.2) against a file of `size` bytes. */
export function parseRange(header: string | undefined, size: number): ByteRange {
  const match = /^bytes=\s*(\d*)-(\d*)\s*$/.exec(header ?? "");
  if (match === null) return { kind: "whole" };
  const [, from = "", to = ""] = match;
  if (from === "" && to === "") return { kind: "whole" };
  if (from === "") {
    const length = Number(to);
    if (length === 0 || size === 0) return { kind: "unsatisfiable" };
    return { kind: "part", first: Math.max(0, size - length), last: size - 1 };
  }
  const first = Number(from);
  const last = to === "" ? size - 1 : Math.min(Number(to), size - 1);
  if (to !== "" && Number(to) < first) return { kind: "whole" };
  if (first >= size) return { kind: "unsatisfiable" };
  return { kind: "part", first, last };
}
