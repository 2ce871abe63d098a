/** A number as SYSLINUX reads it, and whether it is one from its first character to its last. */
export interface ReadNumber {
  readonly value: number;
  readonly whole: boolean;
}

const MOST = 0xffff_ffff;

/** Reads as C's `atoi` does: the decimal digits at the front count, without any the value is 0. */
export function readDecimal(text: string): ReadNumber {
  return take(/^[+-]?\d+/, text, (digits) => Number.parseInt(digits, 10));
}

/** Reads as C's `strtoul` does with base 0: `0x` before hexadecimal digits, `0` before octal ones. */
export function readMask(text: string): ReadNumber {
  if (/^0x[0-9a-f]/i.test(text))
    return take(/^0x[0-9a-f]+/i, text, (digits) => Number.parseInt(digits.slice(2), 16));
  if (/^0[0-7]/.test(text)) return take(/^0[0-7]+/, text, (digits) => Number.parseInt(digits, 8));
  return take(/^\d+/, text, (digits) => Number.parseInt(digits, 10));
}

function take(pattern: RegExp, text: string, parse: (digits: string) => number): ReadNumber {
  const digits = pattern.exec(text)?.[0];
  if (digits === undefined) return { value: 0, whole: false };
  return { value: Math.min(parse(digits), MOST), whole: digits.length === text.length };
}
