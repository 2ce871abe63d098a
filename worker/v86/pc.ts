import { type BootOrder, V86, type V86Image } from "v86";
import type { Clock } from "../../net/clock.ts";
import type { MacAddress } from "../../net/ethernet/mac.ts";
import type { Disk, DiskError } from "../disk/disk.ts";
import type { JitSettings, ScreenPixels } from "../interface.ts";
import type { Card } from "../nic.ts";
import type { After, TurnTaker } from "../platform.ts";
import type { Uart } from "../serial-input.ts";
import { cardOf, setCardAddress } from "./card.ts";
import { HardDisk } from "./hard-disk.ts";
import { EmulatorVersionError, type Internals, internalsOf } from "./internals.ts";
import {
  compileAtOnce,
  compileEmulator,
  configureJit,
  type EmulatorExports,
  type EmulatorImports,
  emulatorExports,
  JIT_DEFAULTS,
} from "./jit.ts";
import { tapPixels } from "./pixels.ts";
import { takeTurns } from "./turns.ts";

export interface PcOptions {
  /** v86's WebAssembly. */
  readonly emulator: Uint8Array<ArrayBuffer>;
  readonly bios: Uint8Array;
  readonly vgaBios: Uint8Array;
  /** Put into memory, and started by the BIOS. Empty where the card's boot ROM is to find one. */
  readonly kernel: Uint8Array;
  readonly initrd: Uint8Array;
  readonly append: string;
  /** The boot ROM of the card: the BIOS boots from the network with it. */
  readonly rom?: Uint8Array;
  readonly memoryMiB: number;
  readonly nic: { readonly type: "virtio" | "ne2k"; readonly mtu?: number; readonly mac?: MacAddress };
  /** The first disk of its IDE controller, Linux's /dev/sda. Whoever hands it in closes it. */
  readonly disk?: Disk;
  /** What is absent is as it pays best. */
  readonly jit?: Partial<JitSettings>;
}

/** What the PC tells. All are called from within guest time: they must be quick. */
export interface PcHandlers {
  /** A frame in the guest's ring: borrowed, copy it before returning. */
  frame(borrowed: Uint8Array): void;
  serial(byte: number): void;
  character(row: number, column: number, character: number, foreground: number, background: number): void;
  cursor(row: number, column: number): void;
  cursorVisible(visible: boolean): void;
  /** Columns and rows of text. */
  screenSize(columns: number, rows: number): void;
  /** The screen shows pixels from now on, or text. */
  screenMode(graphical: boolean): void;
  /** Between two slices of guest time, about every millisecond while the guest is busy. */
  tick(): void;
  /** Something was written to the disk, or flushed. */
  diskChanged(): void;
  /** The disk could not do what the guest asked for. The guest was told that it failed. */
  diskFailed(error: DiskError): void;
  /** The guest asked for a reboot. What is in memory can not be started a second time. */
  reboot(): void;
  /** The processor was halted with interrupts off: nothing will happen any more. */
  halted(): void;
  /** The emulator itself failed. */
  crashed(error: unknown): void;
}

export interface Pc {
  readonly card: Card;
  readonly uart: Uart;
  run(): void;
  /** Resolves when guest time stands still. */
  pause(): Promise<void>;
  /** Stops and lets go of everything. */
  destroy(): Promise<void>;
  sendScancodes(codes: readonly number[]): void;
  /** In a graphic mode what changed since the last call; with `all`, the whole picture. */
  takePixels(all: boolean): readonly ScreenPixels[];
  /** The guest's memory as it is now: a view, to be let go before the guest runs on. */
  memory(): Uint8Array;
  /** All of the machine in v86's own format. Only while it is paused. */
  save(): Promise<Uint8Array<ArrayBuffer>>;
  /** Before the first `run`, in a machine of the same make. Rejects where the state is none. */
  restore(state: Uint8Array<ArrayBuffer>): Promise<void>;
}

const VGA_MEMORY_BYTES = 8 * 1024 * 1024;
const UART_FIFO_BYTES = 16;
/** In the CMOS, where SeaBIOS looks for it as QEMU writes it: a nibble a device, 4 is the network. v86's types know disks only. */
const NETWORK_FIRST = 4;

/** Builds a PC that is ready to run. Rejects with an `EmulatorVersionError` when v86 is not the version we know. */
export async function buildPc(
  options: PcOptions,
  handlers: PcHandlers,
  turns: TurnTaker,
  after: After,
  clock: Clock,
): Promise<Pc> {
  /** No slice of guest time comes any more: it crashed, or it was destroyed. */
  let over = false;
  const crashed = (error: unknown) => {
    if (over) return;
    over = true;
    handlers.crashed(error);
  };
  const hardDisk = options.disk && new HardDisk(options.disk, handlers);
  const { emulator, exports } = await loadEmulator(options, hardDisk, crashed);
  const internals = internalsOf(emulator, options.nic.type, hardDisk !== undefined);
  const { ide } = internals.v86.cpu.devices;
  if (ide) hardDisk?.attach(ide.primary);
  if (options.nic.mac !== undefined) setCardAddress(internals, options.nic.mac);
  // SeaBIOS runs whatever is in this folder of QEMU's configuration device, as it runs the ROM of a card.
  if (options.rom) internals.v86.cpu.option_roms.push({ name: "genroms/pxe.rom", data: options.rom });

  const card = cardOf(internals);
  const { sent, given } = takeTurns({
    card,
    internals,
    turns,
    after,
    clock,
    slice: (resume) => {
      if (over) return;
      try {
        handlers.tick();
        resume();
      } catch (error) {
        crashed(error);
      }
    },
  });
  tapScreen(emulator, internals, handlers);
  const takePixels = tapPixels(internals);
  emulator.add_listener("serial0-output-byte", (byte: number) => handlers.serial(byte));
  emulator.add_listener("net0-send", (frame: Uint8Array) => {
    handlers.frame(frame);
    sent();
  });
  emulator.add_listener("cpu-event-halt" as "emulator-stopped", () => handlers.halted());
  // The kernel's image was put into memory by the host, once: a BIOS that starts over would run into what is left of it.
  internals.v86.cpu.reboot_internal = () => handlers.reboot();

  const { uart0 } = internals.v86.cpu.devices;
  return {
    card: {
      ...card,
      deliver: (frame) => {
        card.deliver(frame);
        given();
      },
    },
    uart: {
      room: () => Math.max(0, UART_FIFO_BYTES - uart0.input.length),
      receive: (bytes) => emulator.serial_send_bytes(0, bytes),
    },
    run: () => void emulator.run(),
    pause: () => (over ? Promise.resolve() : emulator.stop()),
    async destroy() {
      // After a crash v86 would wait for a slice that never comes; nothing of it is open but memory.
      if (over) return;
      await emulator.destroy();
      over = true;
    },
    sendScancodes: (codes) => emulator.keyboard_send_scancodes([...codes]),
    takePixels,
    memory: () => emulator.read_memory(0, options.memoryMiB * 1024 * 1024),
    save: async () => new Uint8Array(await emulator.save_state()),
    restore(state) {
      letTscCountFromZero(exports);
      return emulator.restore_state(padded(state, 1));
    },
  };
}

interface Loaded {
  readonly emulator: V86;
  readonly exports: EmulatorExports;
}

function loadEmulator(
  options: PcOptions,
  hardDisk: HardDisk | undefined,
  crashed: (error: unknown) => void,
): Promise<Loaded> {
  const { type, mtu } = options.nic;
  const jit = { ...JIT_DEFAULTS, ...options.jit };
  return new Promise((resolve, reject) => {
    let exports: EmulatorExports | undefined;
    const emulator = new V86({
      wasm_fn: async (imports: WebAssembly.Imports) => {
        try {
          const env = imports.env as EmulatorImports;
          if (jit.compile === "sync") compileAtOnce(env, () => exports, crashed);
          const module = await compileEmulator(options.emulator, jit.threshold);
          const instance = await WebAssembly.instantiate(module, imports);
          exports = emulatorExports(instance.exports);
          configureJit(exports, jit);
          return exports;
        } catch (cause) {
          const known = cause instanceof EmulatorVersionError;
          reject(known ? cause : new Error("its code does not start", { cause }));
        }
        // v86 would not catch a rejection: it waits for ever instead, and is forgotten.
        return new Promise<never>(() => {});
      },
      autostart: false,
      memory_size: options.memoryMiB * 1024 * 1024,
      vga_memory_size: VGA_MEMORY_BYTES,
      acpi: false,
      disable_speaker: true,
      disable_keyboard: true,
      disable_mouse: true,
      bios: { buffer: padded(options.bios, 1) },
      vga_bios: { buffer: padded(options.vgaBios, 1) },
      // v86 reads the image as 32-bit words.
      ...(options.kernel.length > 0 ? { bzimage: { buffer: padded(options.kernel, 4) } } : {}),
      ...(options.rom ? { boot_order: NETWORK_FIRST as BootOrder } : {}),
      ...(options.initrd.length > 0 ? { initrd: { buffer: padded(options.initrd, 1) } } : {}),
      ...(hardDisk && { hda: hardDisk as unknown as V86Image }),
      cmdline: options.append,
      net_device: { type, ...(mtu !== undefined && { mtu }) },
      // The guest's driver goes on with the address that it has read from the card.
      preserve_mac_from_state_image: true,
    });
    guardInit(emulator, reject);
    emulator.add_listener("emulator-loaded", () => resolve({ emulator, exports: exports! }));
  });
}

/**
 * v86 sets its time stamp counter right only where it has not been set before: it takes the offset of the time before for a
 * part of the count. A machine that is built and then restored would find itself as far in the future as the tab is old.
 */
function letTscCountFromZero({ read_tsc, set_tsc }: EmulatorExports): void {
  const count = read_tsc();
  set_tsc(Number(BigInt.asUintN(32, count)), Number(count >> 32n));
}

/**
 * v86 sets up its memory and devices in a timer of its own, where nobody would catch what it throws: for a guest's memory
 * that cannot be had, for example. Its main part is put in place before that.
 */
function guardInit(emulator: V86, failed: (error: unknown) => void): void {
  Object.defineProperty(emulator, "v86", {
    configurable: true,
    set(main: { init?: (settings: unknown) => void }) {
      const { init } = main;
      if (init) {
        main.init = (settings) => {
          try {
            init.call(main, settings);
          } catch (error) {
            failed(error);
          }
        };
      }
      Object.defineProperty(emulator, "v86", { configurable: true, writable: true, value: main });
    },
  });
}

/** A buffer of its own, because v86 keeps and changes what it is given, with a length that is a multiple of `unit`. */
function padded(bytes: Uint8Array, unit: number): ArrayBuffer {
  const buffer = new ArrayBuffer(Math.ceil(bytes.length / unit) * unit);
  new Uint8Array(buffer).set(bytes);
  return buffer;
}

function tapScreen(emulator: V86, internals: Internals, handlers: PcHandlers): void {
  const screen = internals.screen_adapter;
  const putChar = screen.put_char;
  screen.put_char = (row, column, character, flags, background, foreground) => {
    putChar.call(screen, row, column, character, flags, background, foreground);
    handlers.character(row, column, character, foreground, background);
  };
  const updateCursor = screen.update_cursor;
  screen.update_cursor = (row, column) => {
    updateCursor.call(screen, row, column);
    handlers.cursor(row, column);
  };
  const updateCursorScanline = screen.update_cursor_scanline;
  screen.update_cursor_scanline = (start, end, visible) => {
    updateCursorScanline.call(screen, start, end, visible);
    handlers.cursorVisible(Boolean(visible));
  };
  const setMode = screen.set_mode;
  screen.set_mode = (graphical) => {
    setMode.call(screen, graphical);
    handlers.screenMode(Boolean(graphical));
  };
  emulator.add_listener("screen-set-size", ([width, height, bitsPerPixel]: readonly number[]) => {
    if (bitsPerPixel === 0) handlers.screenSize(width ?? 0, height ?? 0);
  });
}
