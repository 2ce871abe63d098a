import { parseMac } from "../net/ethernet/mac.ts";
import { withToken } from "./access/with-token.ts";
import { type BootFiles, fetchBootFiles } from "./boot-files/boot-files.ts";
import { BootCheckpoint } from "./checkpoint/boot-checkpoint.ts";
import type { Checkpoint } from "./checkpoint/format.ts";
import { type Disk, DiskError } from "./disk/disk.ts";
import { openLayerDisk } from "./disk/layer-disk.ts";
import { diskFailed } from "./disk/problems.ts";
import type {
  BootOrigin,
  MachineEvent,
  MachineSettings,
  Problem,
  ScreenRow,
  WireCounters,
} from "./interface.ts";
import { decompressedKernel } from "./kernel/decompressed-kernel.ts";
import { BootWatch } from "./milestones/boot-watch.ts";
import { Near, type NearState } from "./near/near.ts";
import { Nic } from "./nic.ts";
import type { Platform, TurnTaker } from "./platform.ts";
import { appendProblem, emulatorFailed, exportRefused, relayLost, relayUnreachable } from "./problems.ts";
import { SerialInput } from "./serial-input.ts";
import { TextScreen } from "./text-screen.ts";
import { buildPc, type Pc } from "./v86/pc.ts";
import { Wire, type WireState } from "./wire/wire.ts";

const DEFAULT_MTU = 1500;
/** How long what was written to the disk may wait to be kept, whatever the guest does. */
const FLUSH_MS = 2000;

/** What a session tells the machine that holds it. */
export interface SessionHandlers {
  event(event: MachineEvent): void;
  serial(byte: number): void;
  /** The screen or a counter changed: ask for it when it suits. */
  changed(): void;
  /** A frame that the guest sent or received. It may be kept. */
  frame(frame: Uint8Array, nowMs: number, fromGuest: boolean): void;
  /** The guest wants to be off, or on again. */
  wants(what: "off" | "reset"): void;
}

/**
 * One power-on, from the switch to the switch: all that it opens is closed by `close`, in whatever state it is by then.
 */
export class Session {
  readonly #settings: MachineSettings;
  readonly #platform: Platform;
  readonly #handlers: SessionHandlers;
  readonly #abort = new AbortController();
  readonly #watch: BootWatch;
  readonly #screen = new TextScreen();
  readonly #wire: Wire;
  readonly #near: Near | undefined;
  readonly #checkpoint: BootCheckpoint;
  #paused = false;
  #origin: BootOrigin | undefined;
  #turns: TurnTaker | undefined;
  #disk: Disk | undefined;
  #diskEventDue = false;
  #cancelFlush: (() => void) | undefined;
  #pc: Pc | undefined;
  #nic: Nic | undefined;
  #serialInput: SerialInput | undefined;
  #cancelWatch: (() => void) | undefined;
  #watchDeadline = Number.POSITIVE_INFINITY;
  #closing: Promise<void> | undefined;
  #wireEventDue = false;

  constructor(settings: MachineSettings, bare: Platform, handlers: SessionHandlers) {
    this.#settings = settings;
    const platform = withToken(bare, settings);
    this.#platform = platform;
    this.#handlers = handlers;
    this.#watch = new BootWatch(
      {
        kind: settings.boot,
        append: settings.append,
        is32Bit: true,
        nowMs: platform.clock.now(),
        ...(settings.stallMs !== undefined && { stallMs: settings.stallMs }),
      },
      {
        milestones: (milestones) => {
          handlers.event({ type: "milestones", milestones });
          if (milestones.at(-1)?.state !== "done") return;
          this.#near?.endTrace();
          this.#checkpoint.save();
        },
        problem: (problem) => handlers.event({ type: "problem", problem }),
      },
    );
    this.#wire = new Wire({
      url: settings.wireUrl,
      mtu: settings.mtu ?? DEFAULT_MTU,
      openSocket: platform.openSocket,
      after: platform.after,
      random: platform.random,
      receive: (frame) => this.#toGuest(frame),
      changed: (state, everOpen) => this.#wireChanged(state, everOpen),
    });
    this.#checkpoint = new BootCheckpoint({
      platform,
      pass: (frame) => this.#toWire(frame),
      taken: () => {
        if (!this.#closed && !this.#paused) this.#pc?.run();
      },
    });
    if (settings.near === "off") return;
    this.#near = new Near({
      wireUrl: settings.wireUrl,
      append: settings.append,
      mtu: settings.mtu ?? DEFAULT_MTU,
      platform,
      transmit: (frame) => this.#toGuest(frame),
      toWire: (frame) => this.#wire.send(frame),
      changed: (state) => this.#nearChanged(state),
      failed: (why) => this.#problem(exportRefused(why)),
    });
  }

  /** Resolves with whether the guest's processor runs. What went wrong was told as a problem. */
  async start(): Promise<boolean> {
    const { boot, append } = this.#settings;
    const warning = boot === "direct" ? appendProblem(append) : undefined;
    if (warning) this.#problem(warning);
    this.#watch.begin();
    this.#wire.open();
    this.#near?.open();
    const files = await this.#fetchFiles();
    if (!files) return false;
    this.#near?.prefetch();
    if (!(await this.#openDisk())) return false;
    try {
      const emulator = await this.#platform.loadEmulator();
      if (this.#closed) return false;
      await this.#prepare(emulator, files);
    } catch (error) {
      if (!this.#closed) this.#problem(emulatorFailed(error));
      return false;
    }
    if (this.#closed) return false;
    this.#pc!.run();
    this.#driveWatch();
    return true;
  }

  /** Resolves with whether there is a disk, where one is wanted. */
  async #openDisk(): Promise<boolean> {
    const { disk } = this.#settings;
    if (disk === undefined) return true;
    const result = await openLayerDisk({ ...this.#settings, disk }, this.#platform, this.#abort.signal);
    if (!result.ok) {
      if (!this.#closed) this.#problem(result.problem);
      return false;
    }
    if (this.#closed) {
      result.disk.close();
      return false;
    }
    this.#disk = result.disk;
    if (result.warning !== undefined) this.#problem(result.warning);
    this.#diskChanged();
    return true;
  }

  /** Builds the machine, as it was when it last asked for its root or as it comes from the shop. */
  async #prepare(emulator: Uint8Array<ArrayBuffer>, files: BootFiles): Promise<void> {
    // A boot by firmware is there to be seen.
    const settings = {
      ...this.#settings,
      ...(this.#settings.boot === "pxe" && { checkpoint: "off" as const }),
      // What is on the disk has changed since.
      ...(this.#disk !== undefined && { checkpoint: "off" as const }),
    };
    const saved = await this.#checkpoint.open(settings, files, emulator);
    if (this.#closed) return;
    if (saved !== undefined) {
      await this.#build(emulator, files);
      try {
        await this.#pc?.restore(saved.state);
        return this.#continueFrom(saved);
      } catch {
        // It was whole, and this emulator can do nothing with it.
        await this.#checkpoint.refuse();
        await this.#pc?.destroy();
        if (this.#closed) return;
      }
    }
    await this.#build(emulator, { ...files, kernel: await this.#kernelToEnter(files.kernel) });
    this.#beginCold();
  }

  async #kernelToEnter(kernel: Uint8Array): Promise<Uint8Array> {
    const { boot, kernelEntry, append } = this.#settings;
    if (boot === "pxe" || kernelEntry === "compressed") return kernel;
    return (await decompressedKernel(kernel, append)) ?? kernel;
  }

  #beginCold(): void {
    if (!this.#pc) return;
    this.#tellOrigin({ kind: "cold" });
    this.#checkpoint.watch(this.#pc);
  }

  #continueFrom(saved: Checkpoint): void {
    if (!this.#pc) return;
    this.#tellOrigin({ kind: "checkpoint", savedAtMs: saved.savedAtMs });
    for (const byte of saved.console) this.#handlers.serial(byte);
    this.#watch.skipTo("root-attached", this.#platform.clock.now(), "in the checkpoint");
    this.#checkpoint.continueFrom(this.#pc, saved);
    if (this.#wire.state === "open") this.#checkpoint.wireIsOpen();
  }

  #tellOrigin(origin: BootOrigin): void {
    this.#origin = origin;
    this.#handlers.event({ type: "origin", origin });
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    this.#abort.abort();
    this.#stopWatch();
    this.#wire.close();
    await this.#checkpoint.taken;
    await this.#near?.close();
    await this.#pc?.destroy();
    this.#pc = undefined;
    this.#cancelFlush?.();
    this.#disk?.close();
    this.#turns?.close();
    await this.#checkpoint.saved();
  }

  async pause(): Promise<void> {
    this.#paused = true;
    await this.#checkpoint.taken;
    await this.#pc?.pause();
    this.#stopWatch();
  }

  resume(): void {
    if (this.#closed) return;
    this.#paused = false;
    this.#watch.active(this.#platform.clock.now());
    this.#driveWatch();
    this.#pc?.run();
  }

  sendSerial(bytes: Uint8Array): void {
    this.#serialInput?.send(bytes);
  }

  sendScancodes(codes: readonly number[]): void {
    this.#pc?.sendScancodes(codes);
  }

  /** What an observer that comes late has to know. */
  snapshot(): MachineEvent[] {
    return [
      { type: "milestones", milestones: this.#watch.list() },
      ...(this.#origin ? [{ type: "origin" as const, origin: this.#origin }] : []),
      this.#wireEvent(),
      ...this.#diskEvents(),
      ...this.#screen.takeAll(),
      ...this.#pixels(true),
    ];
  }

  /** What changed on the screen and the wire since the last call. */
  takeChanges(): MachineEvent[] {
    const events = [...this.#screen.takeChanges(), ...this.#pixels(false)];
    for (const event of events) if (event.type === "screen-rows") this.#readScreen(event.rows);
    if (this.#wireEventDue) {
      this.#wireEventDue = false;
      events.push(this.#wireEvent());
    }
    if (this.#diskEventDue) {
      this.#diskEventDue = false;
      events.push(...this.#diskEvents());
    }
    return events;
  }

  get #closed(): boolean {
    return this.#abort.signal.aborted;
  }

  async #fetchFiles(): Promise<BootFiles | undefined> {
    const platform = this.#platform;
    const result = await fetchBootFiles(
      this.#settings,
      (url, options) => platform.fetchFile(url, options),
      this.#abort.signal,
      (file, receivedBytes, totalBytes) =>
        this.#handlers.event({
          type: "download",
          file,
          receivedBytes,
          ...(totalBytes === undefined ? {} : { totalBytes }),
        }),
    );
    if (this.#closed) return undefined;
    if (!result.ok) {
      // One failure is enough: the others need not go on.
      this.#abort.abort();
      this.#wire.close();
      if (result.problem) this.#problem(result.problem);
      return undefined;
    }
    const { kernel, initrd } = result.files;
    const detail = `${mebibytes(kernel.length + initrd.length)} MB`;
    if (this.#settings.boot === "direct") this.#watch.reach("download", platform.clock.now(), detail);
    return result.files;
  }

  async #build(emulator: Uint8Array<ArrayBuffer>, files: BootFiles): Promise<void> {
    if (this.#closed) return;
    const { nic, mtu, memoryMiB, append, jit, mac } = this.#settings;
    const address = mac === undefined ? undefined : parseMac(mac);
    const screen = this.#screen;
    const { changed, serial } = this.#handlers;
    const { clock } = this.#platform;
    this.#turns ??= this.#platform.openTurns();
    const pc = await buildPc(
      {
        emulator,
        ...files,
        append,
        memoryMiB,
        nic: { type: nic, ...(mtu !== undefined && { mtu }), ...(address !== undefined && { mac: address }) },
        ...(this.#disk && { disk: this.#disk }),
        ...(jit && { jit }),
      },
      {
        diskChanged: () => this.#diskChanged(),
        diskFailed: (error) => this.#diskFailed(error),
        frame: (borrowed) => this.#nic?.fromGuest(borrowed),
        serial: (byte) => {
          this.#watch.console(byte, clock.now());
          this.#driveWatch();
          this.#checkpoint.serial(byte);
          serial(byte);
        },
        character: (row, column, character, foreground, background) => {
          screen.put(row, column, character, foreground, background);
          if (screen.changed) changed();
        },
        cursor: (row, column) => screen.moveCursor(row, column),
        cursorVisible: (visible) => screen.showCursor(visible),
        screenSize: (columns, rows) => {
          screen.resize(columns, rows);
          changed();
        },
        screenMode: (graphical) => {
          screen.setMode(graphical);
          changed();
        },
        tick: () => {
          // Nobody says when pixels change: they are looked at.
          if (screen.graphical) changed();
          this.#nic?.drain();
          this.#serialInput?.pump();
        },
        reboot: () => this.#handlers.wants("reset"),
        halted: () => this.#handlers.wants("off"),
        crashed: (error) => {
          this.#problem(emulatorFailed(error));
          this.#handlers.wants("off");
        },
      },
      this.#turns,
      this.#platform.after,
      clock,
    );
    if (this.#closed) {
      await pc.destroy();
      return;
    }
    this.#pc = pc;
    this.#serialInput = new SerialInput(pc.uart);
    this.#nic = new Nic(pc.card, { send: (frame) => this.#checkpoint.fromGuest(frame) });
  }

  #pixels(all: boolean): MachineEvent[] {
    if (!this.#screen.graphical) return [];
    return (this.#pc?.takePixels(all) ?? []).map((part) => ({ type: "screen-pixels", ...part }));
  }

  #readScreen(rows: readonly ScreenRow[]): void {
    for (const { characters } of rows) {
      this.#watch.screenLine(String.fromCharCode(...characters), this.#platform.clock.now());
    }
    this.#driveWatch();
  }

  #toWire(frame: Uint8Array): void {
    const nowMs = this.#platform.clock.now();
    this.#handlers.frame(frame, nowMs, true);
    this.#watch.fromGuest(frame, nowMs);
    this.#driveWatch();
    if (!this.#near?.take(frame)) this.#wire.send(frame);
    this.#countersChanged();
  }

  /** From the wire, or from the gateway in the tab. */
  #toGuest(frame: Uint8Array): void {
    if (!this.#nic) return;
    const nowMs = this.#platform.clock.now();
    this.#handlers.frame(frame, nowMs, false);
    this.#watch.toGuest(frame, nowMs);
    this.#nic.fromWire(frame);
    this.#countersChanged();
  }

  #diskChanged(): void {
    this.#diskEventDue = true;
    this.#handlers.changed();
    if (this.#disk?.unsynced) this.#cancelFlush ??= this.#platform.after(FLUSH_MS, () => this.#flushDisk());
  }

  /** What a guest writes back by itself it flushes late, or never. */
  #flushDisk(): void {
    this.#cancelFlush = undefined;
    try {
      this.#disk?.flush();
      this.#diskChanged();
    } catch (error) {
      if (!(error instanceof DiskError)) throw error;
      this.#diskFailed(error);
    }
  }

  #diskFailed(error: DiskError): void {
    this.#problem(diskFailed(this.#settings.disk?.name ?? "", error));
  }

  #diskEvents(): MachineEvent[] {
    const { disk: wanted } = this.#settings;
    const disk = this.#disk;
    if (disk === undefined || wanted === undefined) return [];
    const { sizeBytes, unsynced } = disk;
    return [{ type: "disk", disk: { name: wanted.name, sizeBytes, usedBytes: disk.usedBytes(), unsynced } }];
  }

  #countersChanged(): void {
    this.#wireEventDue = true;
    this.#handlers.changed();
  }

  #wireChanged(state: WireState, everOpen: boolean): void {
    this.#handlers.event(this.#wireEvent());
    if (state === "open") this.#checkpoint.wireIsOpen();
    const { wireUrl } = this.#settings;
    if (state === "lost") this.#problem(everOpen ? relayLost(wireUrl) : relayUnreachable(wireUrl));
  }

  #nearChanged(state: NearState): void {
    this.#handlers.event(this.#wireEvent());
    if (state === "lost") this.#problem(relayLost(this.#settings.wireUrl));
  }

  #wireEvent(): Extract<MachineEvent, { type: "wire" }> {
    const { fetchedBytes = 0, aheadBytes = 0 } = this.#near?.totals ?? {};
    const blocks = { path: this.#near?.state ?? "wire", fetchedBytes, aheadBytes } as const;
    return { type: "wire", state: this.#wire.state, counters: this.#counters(), blocks };
  }

  #counters(): WireCounters {
    const nic = this.#nic?.counters;
    // What the near gateway takes and gives passes the card, and no wire.
    const near = this.#near?.totals;
    const { inherited } = this.#checkpoint;
    return {
      framesIn: Math.max(0, (nic?.framesIn ?? 0) - (near?.framesOut ?? 0)),
      framesOut: (nic?.framesOut ?? 0) + inherited.frames - (near?.framesIn ?? 0),
      bytesIn: Math.max(0, (nic?.bytesIn ?? 0) - (near?.bytesOut ?? 0)),
      bytesOut: (nic?.bytesOut ?? 0) + inherited.bytes - (near?.bytesIn ?? 0),
      dropped:
        this.#wire.dropped +
        this.#checkpoint.dropped +
        (nic?.droppedNotReady ?? 0) +
        (nic?.droppedQueueFull ?? 0),
    };
  }

  #problem(problem: Problem): void {
    this.#watch.problem(problem, this.#platform.clock.now());
  }

  /** Wakes the watch when it asked to be. A deadline that moves away is not followed: it wakes and looks again. */
  #driveWatch(): void {
    const { clock, after } = this.#platform;
    const deadline = this.#watch.deadline();
    if (deadline >= this.#watchDeadline) return;
    this.#cancelWatch?.();
    this.#watchDeadline = deadline;
    this.#cancelWatch = after(Math.max(0, deadline - clock.now()), () => {
      this.#stopWatch();
      this.#watch.advance(clock.now());
      this.#driveWatch();
    });
  }

  #stopWatch(): void {
    this.#cancelWatch?.();
    this.#cancelWatch = undefined;
    this.#watchDeadline = Number.POSITIVE_INFINITY;
  }
}

function mebibytes(bytes: number): string {
  return (bytes / 1e6).toFixed(1);
}
