/**
 * A PC's whole firmware: it greets on the serial line, then sends back what it hears. Ctrl-R reboots, Ctrl-X halts. With
 * it the emulator is tested without any file that is not in this repository.
 */
export const GREETING = "K";
export const CTRL_R = 0x12;
export const CTRL_X = 0x18;

const CODE = [
  ...[0xfa], //                   cli
  ...[0xba, 0xf8, 0x03], //       mov dx, 0x3f8      the UART's data
  ...[0xb0, 0x4b], //             mov al, 'K'
  ...[0xee], //                   out dx, al
  // loop: at 7
  ...[0xba, 0xfd, 0x03], //       mov dx, 0x3fd      its line status
  ...[0xec], //                   in al, dx
  ...[0xa8, 0x01], //             test al, 1         is there a byte?
  ...[0x74, 0xf8], //             jz loop
  ...[0xba, 0xf8, 0x03], //       mov dx, 0x3f8
  ...[0xec], //                   in al, dx
  ...[0x3c, CTRL_R], //           cmp al, Ctrl-R
  ...[0x74, 0x07], //             jz reboot
  ...[0x3c, CTRL_X], //           cmp al, Ctrl-X
  ...[0x74, 0x09], //             jz halt
  ...[0xee], //                   out dx, al
  ...[0xeb, 0xe9], //             jmp loop
  // reboot: at 30
  ...[0xb0, 0xfe], //             mov al, 0xfe       the keyboard controller pulls the reset line
  ...[0xe6, 0x64], //             out 0x64, al
  ...[0xeb, 0xfe], //             jmp $
  // halt: at 36
  ...[0xf4], //                   hlt                with interrupts off: for ever
  ...[0xeb, 0xfe], //             jmp $
];

/** Where the processor begins: F000:FFF0. */
const RESET_VECTOR = 0xfff0;
const FAR_JUMP_TO_START = [0xea, 0x00, 0x00, 0x00, 0xf0]; // jmp F000:0000

export function echoBios(): Uint8Array {
  const bios = new Uint8Array(0x10000);
  bios.set(CODE);
  bios.set(FAR_JUMP_TO_START, RESET_VECTOR);
  return bios;
}

/** Enough of a kernel to pass for one: the firmware above never starts it. */
export function anyKernel(): Uint8Array {
  const image = new Uint8Array(2050);
  const view = new DataView(image.buffer);
  view.setUint8(0x1f1, 1); // setup_sects
  view.setUint32(0x1f4, 64, true); // syssize, in units of 16 bytes
  view.setUint16(0x1fe, 0xaa55, true); // boot_flag
  image.set([0x48, 0x64, 0x72, 0x53], 0x202); // header: "HdrS"
  view.setUint16(0x206, 0x20f, true); // version
  view.setUint8(0x211, 1); // loadflags: LOADED_HIGH
  view.setUint32(0x238, 2047, true); // cmdline_size
  return image;
}
