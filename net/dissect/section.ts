import { formatMac, readMac } from "../ethernet/mac.ts";
import { hexFromOctets, readU16, readU32 } from "../ethernet/octets.ts";
import { formatIpv4 } from "../ipv4/address.ts";
import { decodeUtf8 } from "../nbd/text.ts";
import { entryOf, type FieldName } from "./catalogue/catalogue.ts";
import type { Field, FieldValue } from "./field.ts";

/** How a number is shown: with its meaning behind it, for example. */
type Say = (value: number) => string;

const SHOWN_OCTETS = 16;

/**
 * Makes the fields of a run of bytes. Offsets are from its beginning. What lies beyond its end is no field but one that says
 * `malformed`, once; nothing throws.
 */
export class Section {
  readonly bytes: Uint8Array;
  readonly fields: Field[] = [];
  readonly #place: (at: number) => number;
  /** Where the field begins whose children these are. */
  readonly #from: number;
  #cut = false;

  /** @param place where in the frame an offset lies, one beyond the end included; it never falls as the offset grows */
  constructor(bytes: Uint8Array, place: (at: number) => number, from = 0) {
    this.bytes = bytes;
    this.#place = place;
    this.#from = from;
  }

  /** A run of the frame's own bytes. */
  static of(frame: Uint8Array, start: number, end: number): Section {
    return new Section(frame.subarray(start, end), (at) => Math.min(start + at, end));
  }

  get length(): number {
    return this.bytes.length;
  }

  /** Where in the frame an offset lies. */
  place(at: number): number {
    return this.#place(at);
  }

  u8(name: FieldName, at: number, say: Say = String): number {
    return this.#number(name, at, 1, () => this.bytes[at]!, say);
  }

  u16(name: FieldName, at: number, say: Say = String): number {
    return this.#number(name, at, 2, () => readU16(this.bytes, at), say);
  }

  u32(name: FieldName, at: number, say: Say = String): number {
    return this.#number(name, at, 4, () => readU32(this.bytes, at), say);
  }

  u64(name: FieldName, at: number, say: (value: bigint) => string = String): bigint {
    if (!this.#has(at, 8)) return 0n;
    const value = (BigInt(readU32(this.bytes, at)) << 32n) | BigInt(readU32(this.bytes, at + 4));
    this.add(name, at, 8, value, say(value));
    return value;
  }

  ipv4(name: FieldName, at: number): void {
    this.#number(name, at, 4, () => readU32(this.bytes, at), formatIpv4);
  }

  mac(name: FieldName, at: number): void {
    this.#number(name, at, 6, () => readMac(this.bytes, at), formatMac);
  }

  /** One bit or more of a number of `width` bytes: it is set when one of them is. */
  flag(name: FieldName, at: number, width: 1 | 2 | 4, mask: number): boolean {
    if (!this.#has(at, width)) return false;
    const { bytes } = this;
    const whole = width === 1 ? bytes[at]! : width === 2 ? readU16(bytes, at) : readU32(bytes, at);
    const on = (whole & mask) !== 0;
    this.add(name, at, width, on, on ? "yes" : "no");
    return on;
  }

  text(name: FieldName, at: number, length: number, shown?: string): string {
    if (!this.#has(at, length)) return "";
    const value = shown ?? decodeUtf8(this.bytes.subarray(at, at + length));
    this.add(name, at, length, value, value);
    return value;
  }

  /** Nothing for no bytes. */
  octets(name: FieldName, at: number, length = this.length - at): void {
    if (length <= 0 || !this.#has(at, length)) return;
    const value = this.bytes.subarray(at, at + length);
    this.add(name, at, length, value, octetsText(value, length));
  }

  /** What was concluded, not read. */
  note(name: FieldName, value: FieldValue, text: string): void {
    this.add(name, this.#from, 0, value, text);
  }

  /** A field of these bytes whose children `fill` makes, with offsets of this section. */
  group(
    name: FieldName,
    at: number,
    length: number,
    of: { readonly value?: FieldValue; readonly text?: string; readonly label?: string },
    fill: (inner: Section) => void,
  ): void {
    if (!this.#has(at, length)) return;
    const inner = new Section(this.bytes.subarray(0, at + length), this.#place, at);
    fill(inner);
    this.add(name, at, length, of.value, of.text ?? "", inner.fields, of.label);
  }

  add(
    name: FieldName,
    at: number,
    length: number,
    value: FieldValue,
    text: string,
    children: readonly Field[] = [],
    label: string = entryOf(name).label,
  ): void {
    const [start, end] = [this.place(at), this.place(at + length)];
    this.fields.push({ name, label, value, text, start, end, children });
  }

  /** Says that what begins here cannot be read, and why. */
  malformed(why: string, at = 0): void {
    this.add("_ws.malformed", at, Math.max(0, this.length - at), undefined, why);
  }

  #number(name: FieldName, at: number, length: number, read: () => number, say: Say): number {
    if (!this.#has(at, length)) return 0;
    const value = read();
    this.add(name, at, length, value, say(value));
    return value;
  }

  #has(at: number, length: number): boolean {
    if (at + length <= this.length) return true;
    if (!this.#cut) this.malformed("it ends too early", Math.min(at, this.length));
    this.#cut = true;
    return false;
  }
}

/** The first of them, and how many there are. */
export function octetsText(bytes: Uint8Array, length: number): string {
  const first = hexFromOctets(bytes.subarray(0, SHOWN_OCTETS)).replace(/..(?=.)/g, "$& ");
  return length <= SHOWN_OCTETS ? first : `${first} … (${length} bytes)`;
}

export function hex(digits: number): (value: number | bigint) => string {
  return (value) => `0x${value.toString(16).padStart(digits, "0")}`;
}

/** "READ (0)": a number with its name in `names`. */
export function named(names: Readonly<Record<string, number>>, otherwise = "unknown"): Say {
  const byNumber = new Map(Object.entries(names).map(([name, number]) => [number, name]));
  return (value) => `${byNumber.get(value) ?? otherwise} (${value})`;
}
