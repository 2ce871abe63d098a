import type { BootFiles } from "../boot-files/boot-files.ts";
import type { MachineSettings } from "../interface.ts";
import type { Platform } from "../platform.ts";
import type { Pc } from "../v86/pc.ts";
import { Checkpoints } from "./checkpoints.ts";
import type { Checkpoint } from "./format.ts";
import { findGuestClock, setGuestClock } from "./guest-clock.ts";
import { RootRequestHold } from "./root-request-hold.ts";

export interface BootCheckpointOptions {
  readonly platform: Pick<Platform, "after" | "timeOfDay" | "checkpoints">;
  /** Takes frames of the guest on their way. */
  readonly pass: (frame: Uint8Array) => void;
  /** The machine stood still to be saved, and may run again. */
  readonly taken: () => void;
}

/** Of the console's output, to be shown again when a boot goes on from here. Policy: what comes later is not kept. */
const MOST_CONSOLE_BYTES = 256 * 1024;

/** The checkpoint of one boot: gone on from, or taken when the guest asks for its root and written down after that. */
export class BootCheckpoint {
  readonly #options: BootCheckpointOptions;
  readonly #hold: RootRequestHold;
  #checkpoints: Checkpoints | undefined;
  #console: number[] | undefined;
  #taking: Promise<void> = Promise.resolve();
  #continued = false;
  /** What an earlier machine's card sent, and goes out in this boot. */
  readonly inherited = { frames: 0, bytes: 0 };

  constructor(options: BootCheckpointOptions) {
    this.#options = options;
    this.#hold = new RootRequestHold(options.pass);
  }

  /** Frames of the guest that were lost here. */
  get dropped(): number {
    return this.#hold.dropped;
  }

  /** Resolves with what this boot may go on from, if there is something. */
  async open(
    settings: MachineSettings,
    files: BootFiles,
    emulator: Uint8Array<ArrayBuffer>,
  ): Promise<Checkpoint | undefined> {
    this.#checkpoints = await Checkpoints.open(this.#options.platform.checkpoints, settings, files, emulator);
    return settings.checkpoint === "auto" ? this.#checkpoints?.load() : undefined;
  }

  /** The machine will do nothing with it. */
  async refuse(): Promise<void> {
    await this.#checkpoints?.forget();
  }

  /** The machine's state was put back; its guest is told the time, and what it sent waits for a wire. */
  continueFrom(pc: Pc, { clock, held }: Checkpoint): void {
    this.#continued = true;
    this.#hold.hold(held);
    this.inherited.frames = held.length;
    this.inherited.bytes = held.reduce((sum, frame) => sum + frame.length, 0);
    setGuestClock(pc.memory(), clock, this.#options.platform.timeOfDay());
  }

  /** A boot from the beginning, in which a checkpoint is taken where any are kept. */
  watch(pc: Pc): void {
    if (this.#checkpoints === undefined) return;
    this.#console = [];
    this.#hold.watch(() => {
      // The slice of guest time in which the guest asked has to end first.
      this.#options.platform.after(0, () => {
        this.#taking = this.#take(pc);
      });
    });
  }

  fromGuest(frame: Uint8Array): void {
    this.#hold.fromGuest(frame);
  }

  serial(byte: number): void {
    if (this.#console !== undefined && this.#console.length < MOST_CONSOLE_BYTES) this.#console.push(byte);
  }

  /** What was held when the machine was saved waits for somebody who hears it. */
  wireIsOpen(): void {
    if (this.#continued) this.#hold.release();
  }

  /** The boot is over: there is time to write the checkpoint down. */
  save(): void {
    void this.#checkpoints?.save();
  }

  /** Resolves when the machine does not stand still for it any more. */
  get taken(): Promise<void> {
    return this.#taking;
  }

  /** Resolves when nothing is being written any more. */
  async saved(): Promise<void> {
    await this.#checkpoints?.saved;
  }

  /** Never rejects: a machine that cannot be saved goes on without. */
  async #take(pc: Pc): Promise<void> {
    try {
      await pc.pause();
      const savedAtMs = this.#options.platform.timeOfDay();
      const clock = findGuestClock(pc.memory(), savedAtMs);
      // A guest whose clock cannot be set would believe for ever that it is now.
      if (clock === undefined) return;
      const state = await pc.save();
      const console = Uint8Array.from(this.#console ?? []);
      this.#checkpoints?.take({ savedAtMs, clock, held: [...this.#hold.held], console, state });
    } catch {
      // There is none, then.
    } finally {
      this.#console = undefined;
      this.#hold.release();
      this.#options.taken();
    }
  }
}
