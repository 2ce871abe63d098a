/**
 * A Linux kernel, to a boot loader: a bzImage by its header (Documentation/arch/x86/boot.rst). Once started it writes its command
 * line and, in hexadecimal, the size of its initrd to the first serial port, a line each, and ends qemu through its
 * isa-debug-exit device at port 0xf4.
 */
export function telltaleKernel(): Uint8Array {
  const image = new Uint8Array(2 * SECTOR + PROTECTED_BYTES);
  const view = new DataView(image.buffer);
  view.setUint8(0x1f1, 1); // setup_sects: one behind the boot sector
  view.setUint32(0x1f4, PROTECTED_BYTES / 16, true); // syssize
  view.setUint16(0x1fe, 0xaa55, true); // boot_flag
  view.setUint8(0x200, 0xeb); // jump: short …
  view.setUint8(0x201, CODE_AT - 0x202); // … over the header
  image.set(new TextEncoder().encode("HdrS"), 0x202); // header
  view.setUint16(0x206, 0x206, true); // version
  view.setUint8(0x211, 1); // loadflags: LOADED_HIGH
  view.setUint32(0x214, 0x10_0000, true); // code32_start
  view.setUint32(0x22c, 0x37ff_ffff, true); // initrd_addr_max
  view.setUint32(0x238, 2047, true); // cmdline_size
  image.set(CODE, CODE_AT);
  return image;
}

const SECTOR = 512;
/** It never gets there: the real-mode part is all that runs. */
const PROTECTED_BYTES = 16;
const CODE_AT = 0x280;

/** Real mode; DS is the segment that the image's first byte is at. */
const CODE = Uint8Array.of(
  ...[0x66, 0xa1, 0x28, 0x02], //       mov eax, [0x228]   cmd_line_ptr, a linear address
  ...[0x66, 0x89, 0xc3], //             mov ebx, eax
  ...[0x66, 0xc1, 0xeb, 0x04], //       shr ebx, 4
  ...[0x8e, 0xc3], //                   mov es, bx
  ...[0x83, 0xe0, 0x0f], //             and ax, 15
  ...[0x89, 0xc6], //                   mov si, ax
  ...[0xba, 0xf8, 0x03], //             mov dx, 0x3f8      the first serial port
  ...[0x26, 0x8a, 0x04], //       next: mov al, es:[si]
  ...[0x84, 0xc0], //                   test al, al
  ...[0x74, 0x04], //                   jz end
  0xee, //                              out dx, al
  0x46, //                              inc si
  ...[0xeb, 0xf5], //                   jmp next
  ...[0xb0, 0x0a], //              end: mov al, 10
  0xee, //                              out dx, al
  ...[0x66, 0x8b, 0x1e, 0x1c, 0x02], // mov ebx, [0x21c]   ramdisk_size
  ...[0xb9, 0x08, 0x00], //             mov cx, 8
  ...[0x66, 0xc1, 0xc3, 0x04], // digit: rol ebx, 4
  ...[0x88, 0xd8], //                   mov al, bl
  ...[0x24, 0x0f], //                   and al, 15
  ...[0x04, 0x30], //                   add al, '0'
  ...[0x3c, 0x3a], //                   cmp al, '9' + 1
  ...[0x72, 0x02], //                   jb write
  ...[0x04, 0x27], //                   add al, 'a' - '9' - 1
  0xee, //                       write: out dx, al
  ...[0xe2, 0xed], //                   loop digit
  ...[0xb0, 0x0a], //                   mov al, 10
  0xee, //                              out dx, al
  ...[0xba, 0xf4, 0x00], //             mov dx, 0xf4       isa-debug-exit
  0xee, //                              out dx, al
  0xf4, //                        halt: hlt
  ...[0xeb, 0xfd], //                   jmp halt
);
