/** Why bytes are not what they should be. */
export type MalformedReason =
  /** Fewer bytes than the header, or than the header promises. */
  | "truncated"
  | "bad-length"
  | "bad-checksum"
  | "bad-version"
  /** Well-formed, but of a kind that this parser does not read (ARP for something other than IPv4 over Ethernet). */
  | "unsupported"
  /** A value that the protocol does not allow. */
  | "bad-value";

/** What a parser returns for bytes that it cannot read. Parsers never throw on what came from the network. */
export interface Malformed {
  readonly kind: "malformed";
  readonly reason: MalformedReason;
}

export function malformed(reason: MalformedReason): Malformed {
  return { kind: "malformed", reason };
}
