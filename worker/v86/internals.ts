import type { V86 } from "v86";

/**
 * What this project touches of v86 beyond its published types. Everything is declared here by shape, and looked for at
 * start: another version fails with a sentence, not in the middle of a boot.
 */
export const V86_VERSION = "0.5.462";

export interface VirtQueue {
  readonly enabled: boolean;
  readonly desc_addr: number;
  readonly avail_addr: number;
  readonly used_addr: number;
  /** How many buffers the driver offers and the device has not taken yet. */
  count_requests(): number;
}

export interface VirtioNet {
  readonly virtio: { readonly queues: readonly VirtQueue[]; readonly device_status: number };
  /** Six bytes. */
  readonly mac: Uint8Array;
}

/** A DP8390 with 16 KiB: a ring of 256-byte pages from `pstart` to `pstop`. */
export interface Ne2k {
  /** Command register; bit 0 is "stop". */
  readonly cr: number;
  readonly curpg: number;
  readonly boundary: number;
  readonly pstart: number;
  readonly pstop: number;
  /** Six bytes. */
  readonly mac: Uint8Array;
  /** The PROM at its beginning. */
  readonly memory: Uint8Array;
}

export interface Uart {
  /** Bytes that the guest has not read yet. v86 does not bound it. */
  readonly input: readonly number[];
}

export interface ScreenAdapter {
  put_char(
    row: number,
    column: number,
    character: number,
    flags: number,
    background: number,
    foreground: number,
  ): void;
  update_cursor(row: number, column: number): void;
  update_cursor_scanline(start: number, end: number, visible: boolean | number): void;
  set_mode(graphical: boolean | number): void;
  /** Takes the parts of the picture that changed. */
  update_buffer(layers: readonly ScreenLayer[]): void;
}

/** A part of `image_data`, and where it is seen. */
export interface ScreenLayer {
  readonly image_data: { readonly data: Uint8ClampedArray; readonly width: number };
  readonly screen_x: number;
  readonly screen_y: number;
  readonly buffer_x: number;
  readonly buffer_y: number;
  readonly buffer_width: number;
  readonly buffer_height: number;
}

export interface Vga {
  /** Of the picture in a graphic mode. */
  readonly screen_width: number;
  readonly screen_height: number;
  /** Absent before the first graphic mode, and where there is no `ImageData`. */
  readonly image_data?: object | null;
  /** Draws what changed and has `update_buffer` called with it. */
  screen_fill_buffer(): void;
  /** Has everything count as changed. */
  complete_redraw(): void;
}

/** A drive of the IDE controller (src/ide.js of v86). */
export interface IdeInterface {
  status_reg: number;
  error_reg: number;
  /** What the guest reads next through the data port. */
  readonly data: Uint8Array;
  ata_command(command: number): void;
  do_write(): void;
  do_ata_read_sectors_dma(): void;
  do_ata_write_sectors_dma(): void;
}

export interface IdeChannel {
  master: IdeInterface;
  /** The one of its two drives that the guest has selected. */
  current_interface: IdeInterface;
}

export interface Cpu {
  /** CR0 to CR7. */
  readonly cr: Int32Array;
  /** One byte: 1 while the processor waits for an interrupt. */
  readonly in_hlt: Uint8Array;
  readonly devices: {
    readonly uart0: Uart;
    readonly vga: Vga;
    readonly virtio_net?: VirtioNet;
    readonly net?: Ne2k;
    readonly ide?: { readonly primary: IdeChannel };
  };
  readonly option_roms: { name: string; data: Uint8Array }[];
  /** What a guest's reboot ends in. */
  reboot_internal(): void;
}

export interface Main {
  readonly cpu: Cpu;
  /** Sets up memory and devices. */
  init(settings: unknown): void;
  /** Comes back with `yield_callback(tick)` after `ms`. */
  yield(ms: number, tick: number): void;
  yield_callback(tick: number): void;
  /** Ends the nested worker that v86 yields through in a browser. */
  unregister_yield(): void;
}

export interface Internals {
  readonly bus: { send(name: string, value: unknown): void };
  readonly v86: Main;
  readonly screen_adapter: ScreenAdapter;
}

export class EmulatorVersionError extends Error {
  readonly code = "emulator-version";
  constructor(missing: string) {
    super(
      `The emulator is not v86 ${V86_VERSION}, which this program was written for: ${missing} is missing. ` +
        `Run "npm ci" to get that exact version.`,
    );
    this.name = "EmulatorVersionError";
  }
}

/** Of the emulator, once it has sent `emulator-loaded`. Throws an `EmulatorVersionError` where a piece is missing. */
export function internalsOf(emulator: V86, nic: "virtio" | "ne2k", hasDisk = false): Internals {
  const expected: readonly (readonly [path: string, type: "function" | "object" | "number" | "boolean"])[] = [
    ["bus.send", "function"],
    ["v86.init", "function"],
    ["v86.yield", "function"],
    ["v86.yield_callback", "function"],
    ["v86.unregister_yield", "function"],
    ["v86.cpu.cr.0", "number"],
    ["v86.cpu.in_hlt.0", "number"],
    ["v86.cpu.option_roms", "object"],
    ["v86.cpu.reboot_internal", "function"],
    ["v86.cpu.devices.uart0.input", "object"],
    ["screen_adapter.put_char", "function"],
    ["screen_adapter.update_cursor", "function"],
    ["screen_adapter.update_cursor_scanline", "function"],
    ["screen_adapter.set_mode", "function"],
    ["screen_adapter.update_buffer", "function"],
    ["v86.cpu.devices.vga.screen_fill_buffer", "function"],
    ["v86.cpu.devices.vga.complete_redraw", "function"],
    ...(nic === "virtio"
      ? ([
          ["v86.cpu.devices.virtio_net.mac", "object"],
          ["v86.cpu.devices.virtio_net.virtio.device_status", "number"],
          ["v86.cpu.devices.virtio_net.virtio.queues.0.enabled", "boolean"],
          ["v86.cpu.devices.virtio_net.virtio.queues.0.desc_addr", "number"],
          ["v86.cpu.devices.virtio_net.virtio.queues.0.avail_addr", "number"],
          ["v86.cpu.devices.virtio_net.virtio.queues.0.used_addr", "number"],
          ["v86.cpu.devices.virtio_net.virtio.queues.0.count_requests", "function"],
        ] as const)
      : ([
          ["v86.cpu.devices.net.mac", "object"],
          ["v86.cpu.devices.net.memory", "object"],
          ["v86.cpu.devices.net.cr", "number"],
          ["v86.cpu.devices.net.curpg", "number"],
          ["v86.cpu.devices.net.boundary", "number"],
          ["v86.cpu.devices.net.pstart", "number"],
          ["v86.cpu.devices.net.pstop", "number"],
        ] as const)),
    ...(hasDisk
      ? ([
          ["v86.cpu.devices.ide.primary.current_interface", "object"],
          ["v86.cpu.devices.ide.primary.master.status_reg", "number"],
          ["v86.cpu.devices.ide.primary.master.error_reg", "number"],
          ["v86.cpu.devices.ide.primary.master.data", "object"],
          ["v86.cpu.devices.ide.primary.master.ata_command", "function"],
          ["v86.cpu.devices.ide.primary.master.do_write", "function"],
          ["v86.cpu.devices.ide.primary.master.do_ata_read_sectors_dma", "function"],
          ["v86.cpu.devices.ide.primary.master.do_ata_write_sectors_dma", "function"],
        ] as const)
      : []),
  ];
  for (const [path, type] of expected) {
    if (typeof at(emulator, path) !== type) throw new EmulatorVersionError(`emulator.${path}`);
  }
  return emulator as unknown as Internals;
}

function at(root: unknown, path: string): unknown {
  let value = root;
  for (const key of path.split(".")) {
    if (value === null || (typeof value !== "object" && typeof value !== "function")) return undefined;
    value = (value as Record<string, unknown>)[key];
  }
  return value;
}
