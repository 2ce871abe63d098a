/** What the values of a field are, and so what they can be compared with. */
export type FieldKind =
  /** Nothing: it is there or it is not. */
  | "presence"
  /** A whole number, up to 64 bits. */
  | "number"
  /** A number of seconds, with a fraction. */
  | "seconds"
  | "flag"
  | "ipv4"
  | "mac"
  | "text"
  | "octets";

export interface FieldEntry {
  readonly label: string;
  readonly kind: FieldKind;
}

const of =
  (kind: FieldKind) =>
  (label: string): FieldEntry => ({ label, kind });

export const presence = of("presence");
export const number = of("number");
export const seconds = of("seconds");
export const flag = of("flag");
export const ipv4 = of("ipv4");
export const mac = of("mac");
export const text = of("text");
export const octets = of("octets");
