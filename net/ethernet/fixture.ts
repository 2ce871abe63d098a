// For tests: bytes written down a field a line.
import { concatOctets } from "./octets.ts";

/** Joins fields given in hexadecimal; spaces are for the reader. */
export function bytes(...fields: (string | Uint8Array)[]): Uint8Array {
  return concatOctets(
    fields.map((field) =>
      typeof field === "string"
        ? Uint8Array.from(field.match(/[0-9a-f]{2}/gi) ?? [], (pair) => Number.parseInt(pair, 16))
        : field,
    ),
  );
}

export function zeros(length: number): Uint8Array {
  return new Uint8Array(length);
}

/** A clock that stands still until it is moved. */
export function fakeClock(): { nowMs: number; now(): number } {
  return {
    nowMs: 1_000_000,
    now() {
      return this.nowMs;
    },
  };
}
