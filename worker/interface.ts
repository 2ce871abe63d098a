/**
 * Everything that crosses between the page and the machine's worker. Cloneable types only; both sides import this file
 * and nothing else of each other.
 */

/** The milestones of a boot, in their order. Weights say how much of a typical boot each takes; captions are for people. */
export const MILESTONES = [
  { name: "power-on", weight: 1, caption: "switching on" },
  { name: "firmware", weight: 2, caption: "the firmware looks around" },
  { name: "dhcp", weight: 2, caption: "asking who may give me an address" },
  { name: "download", weight: 6, caption: "fetching the kernel and the initrd" },
  { name: "kernel", weight: 18, caption: "the kernel starts" },
  { name: "initrd", weight: 38, caption: "the initrd looks for the hardware" },
  { name: "network", weight: 4, caption: "the network card gets its address" },
  { name: "root-attached", weight: 3, caption: "attaching the root image from the network" },
  { name: "root-mounted", weight: 3, caption: "laying the write layer over it" },
  { name: "switch-root", weight: 3, caption: "changing over to the real root" },
  { name: "userspace", weight: 14, caption: "the system starts its services" },
  { name: "login", weight: 6, caption: "ready at its prompt" },
] as const;

export type MilestoneName = (typeof MILESTONES)[number]["name"];
export type MilestoneState = "waiting" | "running" | "done" | "failed" | "skipped";

export interface Milestone {
  readonly name: MilestoneName;
  readonly state: MilestoneState;
  /** Milliseconds since power-on at which it was done, failed or skipped. */
  readonly atMs?: number;
  /** What is known about it, in words: "10.86.0.100 from 10.86.0.1", "kisroot, 46.2 MB, read-only". */
  readonly detail?: string;
}

export type PowerState = "off" | "starting" | "running" | "paused";

/** How hot guest code is compiled. */
export interface JitSettings {
  /** Guest pages (4 KiB) that one compiled module may span, 1 to 8. */
  readonly pages: number;
  /** Basic blocks that a module may take in beyond those that are hot, 0 to 1,000. */
  readonly extraBlocks: number;
  /** Instructions interpreted in a page before it is compiled, 8,192 to 1,048,575. */
  readonly threshold: number;
  /** `sync` has code compiled at once; `async` interprets on meanwhile, and compiles one module at a time. */
  readonly compile: "sync" | "async";
}

export interface DiskSettings {
  /** In a browser its name there, under Node the path of its file. */
  readonly name: string;
  /** The size in which it is made where there is none of this name: a multiple of 128 from 256 to 8192; 2048 unless given. */
  readonly newMiB?: number;
  /** Whether it may be laid over another export than before: what it holds makes no sense there, as a rule. */
  readonly overOther?: boolean;
}

export interface MachineSettings {
  /**
   * `direct`: the kernel and initrd are handed to the machine, as qemu's -kernel does. `pxe`: the machine's firmware asks the boot
   * network for them, with the boot ROM of its card; then `append`, `kernelUrl` and `initrdUrls` say nothing.
   */
  readonly boot: "direct" | "pxe";
  readonly nic: "virtio" | "ne2k";
  /** The card's address, such as 02:6e:72:01:00:00; the emulator draws one by lot unless given. */
  readonly mac?: string;
  readonly memoryMiB: number;
  /** Of the guest's network; 1500 unless given. The relay says its own in `/status`. */
  readonly mtu?: number;
  /**
   * Whether the machine may go on from where it last asked for this root, and leaves such a checkpoint behind. `renew` boots
   * cold and leaves a new one; `off`, which is meant where nothing is said, does neither.
   */
  readonly checkpoint?: "auto" | "renew" | "off";
  /**
   * Whether the kernel is decompressed before the guest starts, which is meant where nothing is said, or by the guest. A kernel
   * that is to choose its own address (without `nokaslr`), or of another make, decompresses itself in any case.
   */
  readonly kernelEntry?: "decompressed" | "compressed";
  /** What is absent is as it pays best. */
  readonly jit?: Partial<JitSettings>;
  /** The disk in the machine, which Linux calls /dev/sda. There is none unless given; such a machine has no checkpoints. */
  readonly disk?: DiskSettings;
  /** The kernel's command line. */
  readonly append: string;
  /** Absolute URLs. */
  readonly kernelUrl: string;
  readonly initrdUrls: readonly string[];
  readonly biosUrl: string;
  readonly vgaBiosUrl: string;
  /** The boot ROM of the card, for `boot: "pxe"`. */
  readonly romUrl?: string;
  /** The relay's WebSocket, `ws://HOST:PORT/wire`. */
  readonly wireUrl: string;
  /** The relay's, where it demands one. It is shown to the server of `wireUrl` only, and is no part of what a checkpoint hangs on. */
  readonly token?: string;
  /** Whether the exports' gateway may be in the machine, where the relay offers that: `auto` unless given. */
  readonly near?: "auto" | "off";
  /** How long a boot may stand still before that is a problem; a minute unless given. */
  readonly stallMs?: number;
}

/** Something that went wrong, in words. `message` says what, `advice` says what to do. */
export interface Problem {
  readonly severity: "warning" | "error";
  /** Stable, for tests: "relay-unreachable", "kernel-missing", "export-unknown" … */
  readonly code: string;
  readonly message: string;
  readonly advice: string;
  /** The milestone at which it happened. */
  readonly milestone?: MilestoneName;
}

/** Part of the picture in a graphic mode. */
export interface ScreenPixels {
  /** Of the whole picture. */
  readonly screenWidth: number;
  readonly screenHeight: number;
  /** Where the part is, in pixels from the upper left corner. */
  readonly x: number;
  readonly y: number;
  readonly width: number;
  /** Row after row, four bytes a pixel: red, green, blue, and one that says nothing. */
  readonly pixels: Uint8ClampedArray<ArrayBuffer>;
}

/** One row of the text screen. The arrays have one entry a column. */
export interface ScreenRow {
  readonly row: number;
  /** Code page 437 characters. */
  readonly characters: Uint8Array;
  /** 0xRRGGBB. */
  readonly foreground: Uint32Array;
  readonly background: Uint32Array;
}

/** Totals since power-on. */
export interface WireCounters {
  readonly framesIn: number;
  readonly framesOut: number;
  readonly bytesIn: number;
  readonly bytesOut: number;
  /** Frames that never reached the guest, or the relay. */
  readonly dropped: number;
}

/** How the guest's blocks come, and how many bytes of them came since power-on: `lost` is `near`, waiting for the relay. */
export interface BlockPath {
  readonly path: "wire" | "near" | "lost";
  /** Because the guest waited for them. */
  readonly fetchedBytes: number;
  readonly aheadBytes: number;
}

/** The disk in the machine. */
export interface DiskState {
  readonly name: string;
  readonly sizeBytes: number;
  /** What it takes where it is kept. */
  readonly usedBytes: number;
  /** Whether the system wrote something that it has not flushed. */
  readonly unsynced: boolean;
}

/** A disk that is kept in this browser. */
export interface KeptDisk {
  readonly name: string;
  readonly sizeBytes: number;
  /** What it takes of this browser's storage. */
  readonly usedBytes: number;
  /** The export that it was last laid over. */
  readonly over?: string;
  /** Whether a machine, or somebody who copies it, has it now. */
  readonly busy: boolean;
  /** Why it cannot be used, as a sentence. */
  readonly damaged?: string;
}

/** The disks of this browser. What goes wrong is told as a problem, never as a rejection. */
export interface DisksApi {
  listDisks(): Promise<readonly KeptDisk[] | Problem>;
  createDisk(name: string, sizeMiB: number): Promise<Problem | undefined>;
  renameDisk(name: string, newName: string): Promise<Problem | undefined>;
  duplicateDisk(name: string, newName: string): Promise<Problem | undefined>;
  /** A raw image, packed with gzip. */
  downloadDisk(name: string): Promise<Blob | Problem>;
  /** A new disk of an image of an ext4 filesystem, as it is or packed with gzip. */
  uploadDisk(name: string, image: Blob): Promise<Problem | undefined>;
  /** Makes it as it was when it was new: all that was written to it is gone. */
  resetDisk(name: string): Promise<Problem | undefined>;
  deleteDisk(name: string): Promise<Problem | undefined>;
}

/** How a boot began. `savedAtMs` is a time of day, in milliseconds since 1970. */
export type BootOrigin =
  | { readonly kind: "cold" }
  | { readonly kind: "checkpoint"; readonly savedAtMs: number };

export type MachineEvent =
  | { readonly type: "power"; readonly state: PowerState }
  | { readonly type: "milestones"; readonly milestones: readonly Milestone[] }
  | {
      readonly type: "download";
      readonly file: string;
      readonly receivedBytes: number;
      readonly totalBytes?: number;
    }
  | { readonly type: "serial"; readonly bytes: Uint8Array }
  | {
      readonly type: "screen-size";
      readonly columns: number;
      readonly rows: number;
      readonly graphical: boolean;
    }
  | { readonly type: "screen-rows"; readonly rows: readonly ScreenRow[] }
  | ({ readonly type: "screen-pixels" } & ScreenPixels)
  | { readonly type: "cursor"; readonly row: number; readonly column: number; readonly visible: boolean }
  | {
      readonly type: "wire";
      readonly state: "closed" | "connecting" | "open" | "lost";
      readonly counters: WireCounters;
      readonly blocks: BlockPath;
    }
  | { readonly type: "disk"; readonly disk: DiskState }
  | { readonly type: "origin"; readonly origin: BootOrigin }
  | { readonly type: "problem"; readonly problem: Problem };

/** Up to where a reader has the guest's frames. */
export interface PacketPosition {
  /** Counts power-ons: each begins a capture of its own. */
  readonly capture: number;
  /** Frames of the capture that are behind it. */
  readonly after: number;
}

/** Frames of the guest's card, one after another. The arrays have one entry a frame. */
export interface PacketBatch extends PacketPosition {
  /** When the machine was switched on, in milliseconds since 1970. */
  readonly startedAtMs: number;
  /** Frames that were too old to be kept until they were asked for. */
  readonly lost: number;
  /** Whether there are more that did not fit. */
  readonly more: boolean;
  readonly lengths: Uint32Array;
  /** Since power-on. */
  readonly timesMs: Float64Array;
  /** 1 for a frame from the guest, 0 for one to it. */
  readonly fromGuest: Uint8Array;
  /** Ethernet frames without FCS, end to end. */
  readonly bytes: Uint8Array;
}

/** Takes events in batches: at most one call per animation frame or so, whatever the guest does. */
export type MachineObserver = (events: readonly MachineEvent[]) => void;

/** The machine, as the page sees it through comlink. Calls that make no sense in the present state are no-ops. */
export interface MachineApi {
  /** The observer is a comlink proxy; there is one, and it replaces the one before. */
  observe(observer: MachineObserver): void;
  /** Resolves once the guest's processor runs. What goes wrong is an event (`problem`), never a rejection. */
  powerOn(settings: MachineSettings): Promise<void>;
  powerOff(): Promise<void>;
  /** Power off and on again with the same settings: RAM, and with it the write layer, is forgotten. */
  reset(): Promise<void>;
  pause(): Promise<void>;
  resume(): Promise<void>;
  /** Bytes typed into the serial console. Paced to the UART: a long paste loses nothing. */
  sendSerial(bytes: Uint8Array): void;
  /** PC keyboard scan codes (set 1), for the VGA console. */
  sendScancodes(codes: readonly number[]): void;
  /** Frames that the guest sent and received behind `position`, or from the first that is there, up to `maxBytes` of them. */
  readPackets(position: PacketPosition | undefined, maxBytes: number): PacketBatch | Promise<PacketBatch>;
}
