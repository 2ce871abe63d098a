import type { MalformedReason } from "../ethernet/malformed.ts";

const TEXTS: Readonly<Record<MalformedReason, string>> = {
  truncated: "it ends too early",
  "bad-length": "a length in it is impossible",
  "bad-checksum": "its checksum is wrong",
  "bad-version": "it is of another version",
  unsupported: "it is of a kind that is not read here",
  "bad-value": "a value in it is not allowed",
};

/** Why bytes could not be read, as a part of a sentence. */
export function malformedText(reason: MalformedReason): string {
  return TEXTS[reason];
}
