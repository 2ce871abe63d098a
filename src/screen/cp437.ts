/**
 * Code page 437 as the text screen shows it: 0x00–0x1F and 0x7F are glyphs there, not control characters.
 * Source: Unicode's MICSFT/PC/CP437.TXT and IBM's glyphs for the control range.
 */
const ROWS = [
  " ☺☻♥♦♣♠•◘○◙♂♀♪♫☼",
  "►◄↕‼¶§▬↨↑↓→←∟↔▲▼",
  " !\"#$%&'()*+,-./",
  "0123456789:;<=>?",
  "@ABCDEFGHIJKLMNO",
  "PQRSTUVWXYZ[\\]^_",
  "`abcdefghijklmno",
  "pqrstuvwxyz{|}~⌂",
  "ÇüéâäàåçêëèïîìÄÅ",
  "ÉæÆôöòûùÿÖÜ¢£¥₧ƒ",
  "áíóúñÑªº¿⌐¬½¼¡«»",
  "░▒▓│┤╡╢╖╕╣║╗╝╜╛┐",
  "└┴┬├─┼╞╟╚╔╩╦╠═╬╧",
  "╨╤╥╙╘╒╓╫╪┘┌█▄▌▐▀",
  "αßΓπΣσµτΦΘΩδ∞φε∩",
  "≡±≥≤⌠⌡÷≈°∙·√ⁿ²■\u00a0",
] as const;

/** One glyph a code, 256 of them. */
export const CP437: readonly string[] = Array.from(ROWS.join(""));
