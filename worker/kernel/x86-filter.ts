/**
 * Undoes the x86 filter of xz in place: compressors turn the relative targets of CALL and JMP (E8, E9) into absolute ones, which
 * repeat more often. The .xz File Format 1.2.1, section 5.3.2; the rules are those of the LZMA SDK's BCJ converter, which the
 * specification takes as given. The filter starts at offset 0.
 */
export function undoX86Filter(bytes: Uint8Array): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  /** Where the last opcode was that looked like a branch, and which of the bytes behind it did as well, as a bit mask. */
  let lastAt = -1;
  let mask = 0;
  for (let at = 0; at + 4 < bytes.length; at++) {
    if ((bytes[at]! & 0xfe) !== 0xe8) continue;
    const distance = at - lastAt;
    mask = distance > 3 ? 0 : (mask << (distance - 1)) & 7;
    lastAt = at;
    const covered = BITS[mask]!;
    if (mask !== 0 && (!ALLOWED[mask] || isSignByte(bytes[at + 4 - covered]!))) {
      mask = (mask << 1) | 1;
      continue;
    }
    if (!isSignByte(bytes[at + 4]!)) {
      mask = (mask << 1) | 1;
      continue;
    }
    view.setInt32(
      at + 1,
      relativeTarget(view.getInt32(at + 1, true), at + 5, mask === 0 ? 0 : covered),
      true,
    );
    at += 4;
  }
}

/** Masks after which a branch is taken for one. */
const ALLOWED = [true, true, true, false, true, false, false, false] as const;
/** How many bytes of the operand overlap with the opcode before, by mask. */
const BITS = [0, 1, 2, 2, 3, 3, 3, 3] as const;

function relativeTarget(absolute: number, next: number, covered: number): number {
  let source = absolute;
  for (;;) {
    const target = (source - next) | 0;
    const shift = covered * 8;
    if (covered === 0 || !isSignByte((target >>> (24 - shift)) & 0xff)) {
      // 25 bits, sign-extended: what a branch within 16 MiB needs.
      return (target << 7) >> 7;
    }
    source = target ^ (2 ** (32 - shift) - 1);
  }
}

/** The highest byte of a branch's distance that the filter converts: within 16 MiB, forwards or back. */
function isSignByte(byte: number): boolean {
  return byte === 0 || byte === 0xff;
}
