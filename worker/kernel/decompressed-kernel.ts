import { decompressXz } from "./xz.ts";

/**
 * A kernel that is entered already decompressed. The guest would take some seconds for what the host does in a part of one:
 * the image's own decompressor is replaced by a jump to where it would have jumped, with the kernel in its place behind it.
 *
 * What the decompressor does beside that (arch/x86/boot/compressed, extract_kernel) is of no use here: the address is not
 * randomised with `nokaslr`, relocations apply to other addresses than the preferred one only, and the loader's parameters are
 * sanitised for loaders that leave them dirty. Layout of the image: The Linux/x86 Boot Protocol.
 */
const SETUP_SECTS = 0x1f1; // u8, 512-byte sectors of the real-mode part without the first; 0 means 4
const SYSSIZE = 0x1f4; // u32, the protected-mode part in units of 16 bytes
const RELOCATABLE = 0x234; // u8
const PAYLOAD_OFFSET = 0x248; // u32, from the protected-mode part's beginning; protocol 2.08
const PAYLOAD_LENGTH = 0x24c; // u32
const VERSION = 0x206; // u16
const HEADER_END = 0x250;

/** Where the protected-mode part is loaded, and entered. */
const LOADED_AT = 0x100000;
/** `mov eax, imm32; jmp eax` */
const STUB_BYTES = 7;
/** The loader puts the initrd there. */
const LOADED_BELOW = 64 * 1024 * 1024;

/** The image to start instead; nothing where it is better started as it is. */
export async function decompressedKernel(
  image: Uint8Array,
  append: string,
): Promise<Uint8Array<ArrayBuffer> | undefined> {
  if (image.length < HEADER_END) return undefined;
  const view = new DataView(image.buffer, image.byteOffset, image.byteLength);
  // The decompressor is what chooses a random address.
  if (image[RELOCATABLE] !== 0 && !/(^|\s)nokaslr(\s|$)/.test(append)) return undefined;
  if (view.getUint16(VERSION, true) < 0x208) return undefined;
  const setupBytes = ((image[SETUP_SECTS] || 4) + 1) * 512;
  const payloadAt = setupBytes + view.getUint32(PAYLOAD_OFFSET, true);
  const payloadEnd = payloadAt + view.getUint32(PAYLOAD_LENGTH, true);
  if (payloadEnd > image.length) return undefined;
  // Its last four bytes are the length that comes out.
  const elf = await decompressXz(image.subarray(payloadAt, payloadEnd - 4));
  const kernel = elf && layOut(elf);
  if (!kernel) return undefined;

  const whole = new Uint8Array(setupBytes + kernel.length);
  whole.set(image.subarray(0, setupBytes));
  whole.set(kernel, setupBytes);
  new DataView(whole.buffer).setUint32(SYSSIZE, Math.ceil(kernel.length / 16), true);
  return whole;
}

/** ELF32: e_machine, e_entry, e_phoff, e_phentsize and e_phnum; then p_type, p_offset, p_paddr and p_filesz of a segment. */
const ELF = { machine: 18, entry: 24, segments: 28, segmentBytes: 42, segmentCount: 44 } as const;
const SEGMENT = { type: 0, offset: 4, address: 12, fileBytes: 16, bytes: 32 } as const;
const MAGIC_32_LITTLE = [0x7f, 0x45, 0x4c, 0x46, 1, 1] as const;
const MACHINE_386 = 3;
const TYPE_LOAD = 1;

/** Memory from `LOADED_AT` on, as the decompressor would leave it: a jump, and each segment in its place. */
function layOut(elf: Uint8Array): Uint8Array | undefined {
  const view = new DataView(elf.buffer, elf.byteOffset, elf.byteLength);
  if (elf.length < 52 || MAGIC_32_LITTLE.some((byte, at) => elf[at] !== byte)) return undefined;
  if (view.getUint16(ELF.machine, true) !== MACHINE_386) return undefined;
  const table = view.getUint32(ELF.segments, true);
  const each = view.getUint16(ELF.segmentBytes, true);
  const count = view.getUint16(ELF.segmentCount, true);
  if (each < SEGMENT.bytes || table + each * count > elf.length) return undefined;
  const segments: { readonly at: number; readonly content: Uint8Array }[] = [];
  for (let header = table; header < table + each * count; header += each) {
    if (view.getUint32(header + SEGMENT.type, true) !== TYPE_LOAD) continue;
    const offset = view.getUint32(header + SEGMENT.offset, true);
    const content = elf.subarray(offset, offset + view.getUint32(header + SEGMENT.fileBytes, true));
    const at = view.getUint32(header + SEGMENT.address, true) - LOADED_AT;
    if (at < STUB_BYTES || LOADED_AT + at + content.length > LOADED_BELOW) return undefined;
    segments.push({ at, content });
  }
  const entry = view.getUint32(ELF.entry, true) - LOADED_AT;
  if (!segments.some(({ at, content }) => entry >= at && entry < at + content.length)) return undefined;
  const memory = new Uint8Array(Math.max(...segments.map(({ at, content }) => at + content.length)));
  for (const { at, content } of segments) memory.set(content, at);
  memory.set([0xb8, ...new Uint8Array(Uint32Array.of(entry + LOADED_AT).buffer), 0xff, 0xe0]);
  return memory;
}
