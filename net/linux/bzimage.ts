/**
 * The header of a Linux kernel image, as far as it says whether this PC can start it.
 * Layout: The Linux/x86 Boot Protocol (Documentation/x86/boot.rst in the kernel's sources).
 */
const SETUP_SECTS = 0x1f1; // u8, sectors of the real-mode part without the first; 0 means 4
const SYSSIZE = 0x1f4; // u32, the protected-mode part in units of 16 bytes
const BOOT_FLAG = 0x1fe; // u16, 0xaa55
const HEADER = 0x202; // u32, "HdrS"
const VERSION = 0x206; // u16
const LOADFLAGS = 0x211; // u8
const XLOADFLAGS = 0x236; // u16, from protocol 2.12 on
const CMDLINE_SIZE = 0x238; // u32, from protocol 2.06 on
/** Bytes from the beginning of the file that the header takes. */
export const KERNEL_HEADER_BYTES = 0x268;

const LOADED_HIGH = 1 << 0;
/** The kernel has a 64-bit entry point: set by every x86-64 kernel, and by no other. */
const XLF_KERNEL_64 = 1 << 0;

const SECTOR_BYTES = 512;
const PARAGRAPH_BYTES = 16;
const PROTOCOL_2_06 = 0x206;
const PROTOCOL_2_12 = 0x20c;
const OLDEST_PROTOCOL = 0x202;
const LEAST_CMDLINE_SIZE = 255;

export type KernelImage =
  | { readonly ok: true; readonly protocol: number; readonly maxAppendBytes: number }
  | {
      readonly ok: false;
      readonly reason: "not-a-kernel" | "too-old" | "64-bit";
      readonly looksLike: string;
    }
  | { readonly ok: false; readonly reason: "cut-off"; readonly neededBytes: number };

/** Reads the header of what should be a bzImage for a 32-bit PC. */
export function inspectKernel(image: Uint8Array): KernelImage {
  const looksLike = guessKind(image);
  if (image.length < KERNEL_HEADER_BYTES) return { ok: false, reason: "not-a-kernel", looksLike };
  const view = new DataView(image.buffer, image.byteOffset, image.byteLength);
  if (view.getUint16(BOOT_FLAG, true) !== 0xaa55 || asciiAt(image, HEADER, 4) !== "HdrS") {
    return { ok: false, reason: "not-a-kernel", looksLike };
  }
  const protocol = view.getUint16(VERSION, true);
  if (protocol < OLDEST_PROTOCOL || (view.getUint8(LOADFLAGS) & LOADED_HIGH) === 0) {
    return { ok: false, reason: "too-old", looksLike: "a zImage or a kernel of the last century" };
  }
  if (protocol >= PROTOCOL_2_12 && (view.getUint16(XLOADFLAGS, true) & XLF_KERNEL_64) !== 0) {
    return { ok: false, reason: "64-bit", looksLike: "a 64-bit kernel" };
  }
  const neededBytes =
    ((view.getUint8(SETUP_SECTS) || 4) + 1) * SECTOR_BYTES + view.getUint32(SYSSIZE, true) * PARAGRAPH_BYTES;
  // The last unit of 16 bytes may be begun.
  if (image.length <= neededBytes - PARAGRAPH_BYTES) return { ok: false, reason: "cut-off", neededBytes };
  const maxAppendBytes = protocol >= PROTOCOL_2_06 ? view.getUint32(CMDLINE_SIZE, true) : LEAST_CMDLINE_SIZE;
  return { ok: true, protocol, maxAppendBytes };
}

/** What a file that is no kernel most likely is, in words. */
function guessKind(bytes: Uint8Array): string {
  const head = asciiAt(bytes, 0, 16);
  if (bytes.length === 0) return "an empty file";
  if (/^\s*<(!doctype|html)/i.test(head)) return "a web page";
  if (head.startsWith("\x7fELF")) return "an ELF file (an uncompressed vmlinux?)";
  if (head.startsWith("\x1f\x8b") || head.startsWith("070701") || head.startsWith("\x28\xb5\x2f\xfd")) {
    return "an initrd or another archive";
  }
  if (head.startsWith("hsqs")) return "a squashfs image";
  return "something else";
}

function asciiAt(bytes: Uint8Array, offset: number, length: number): string {
  return String.fromCharCode(...bytes.subarray(offset, offset + length));
}
