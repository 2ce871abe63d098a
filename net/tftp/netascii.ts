// netascii: RFC 764, "The NVT printer and keyboard", as RFC 1350 section 1 has it. A line ends with CR LF; a CR that ends none is CR NUL.

const NUL = 0x00;
const LF = 0x0a;
const CR = 0x0d;

/** Translates a file whose lines end with LF. Each byte by itself, so a file may be translated in pieces. */
export function encodeNetascii(bytes: Uint8Array): Uint8Array {
  let longer = 0;
  for (const byte of bytes) if (byte === LF || byte === CR) longer++;
  if (longer === 0) return bytes;
  const encoded = new Uint8Array(bytes.length + longer);
  let at = 0;
  for (const byte of bytes) {
    if (byte === LF) encoded[at++] = CR;
    encoded[at++] = byte;
    if (byte === CR) encoded[at++] = NUL;
  }
  return encoded;
}

/** Translates back. A CR before anything else, which is not netascii, is left as it is. */
export function decodeNetascii(bytes: Uint8Array): Uint8Array {
  const decoded = new Uint8Array(bytes.length);
  let length = 0;
  for (let at = 0; at < bytes.length; at++) {
    const next = bytes[at + 1];
    if (bytes[at] === CR && (next === LF || next === NUL)) {
      decoded[length++] = next === LF ? LF : CR;
      at++;
    } else decoded[length++] = bytes[at]!;
  }
  return decoded.subarray(0, length);
}
