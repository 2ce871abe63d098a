/** The key of a US keyboard that makes a character, by its place, and whether Shift is held. */
export interface UsKey {
  readonly code: string;
  readonly shift: boolean;
}

const ROWS: readonly (readonly [plain: string, shifted: string, codes: readonly string[]])[] = [
  ["`1234567890-=", "~!@#$%^&*()_+", ["Backquote", ...digits(), "Minus", "Equal"]],
  ["qwertyuiop[]\\", "QWERTYUIOP{}|", [...letters("QWERTYUIOP"), "BracketLeft", "BracketRight", "Backslash"]],
  ["asdfghjkl;'", 'ASDFGHJKL:"', [...letters("ASDFGHJKL"), "Semicolon", "Quote"]],
  ["zxcvbnm,./", "ZXCVBNM<>?", [...letters("ZXCVBNM"), "Comma", "Period", "Slash"]],
  [" ", "", ["Space"]],
];

const TABLE = new Map<string, UsKey>(
  ROWS.flatMap(([plain, shifted, codes]) => [
    ...[...plain].map((character, at): [string, UsKey] => [character, { code: codes[at]!, shift: false }]),
    ...[...shifted].map((character, at): [string, UsKey] => [character, { code: codes[at]!, shift: true }]),
  ]),
);

/** Undefined for a character that a US keyboard does not have. */
export function usKey(character: string): UsKey | undefined {
  return TABLE.get(character);
}

function digits(): readonly string[] {
  return [..."1234567890"].map((digit) => `Digit${digit}`);
}

function letters(row: string): readonly string[] {
  return [...row].map((letter) => `Key${letter}`);
}
