import type { FieldName } from "./catalogue/catalogue.ts";

/** What a field holds. Its kind is that of its name in the catalogue: an `ipv4` is a number, for example. */
export type FieldValue = number | bigint | string | boolean | Uint8Array | undefined;

/** One field of a frame, or a protocol with its fields. */
export interface Field {
  /** As Wireshark names it, where it has a name for it: `ip.src`. */
  readonly name: FieldName;
  /** In words. */
  readonly label: string;
  /** `undefined` for what only groups others. */
  readonly value: FieldValue;
  /** The value as it is shown; empty for what only groups others. */
  readonly text: string;
  /** Its bytes in the frame, `end` not included. Empty for what was concluded from elsewhere. */
  readonly start: number;
  readonly end: number;
  /** Each within the bytes of this one. */
  readonly children: readonly Field[];
}

/** One line that says what a frame is. */
export interface Summary {
  /** The innermost protocol that was read: "NBD". */
  readonly protocol: string;
  readonly source: string;
  readonly destination: string;
  readonly info: string;
}

/** A frame, read. */
export interface Dissection {
  readonly summary: Summary;
  /** One a protocol, from the outermost to the innermost. */
  readonly fields: readonly Field[];
}
