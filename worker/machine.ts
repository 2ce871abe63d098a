import { FrameRing } from "./capture/frame-ring.ts";
import { EventBatches } from "./event-batches.ts";
import type {
  MachineApi,
  MachineEvent,
  MachineObserver,
  MachineSettings,
  PacketBatch,
  PacketPosition,
  PowerState,
} from "./interface.ts";
import type { Platform } from "./platform.ts";
import { guestHalted } from "./problems.ts";
import { Session } from "./session.ts";

/** The machine: a switch, and at most one session behind it. It runs wherever a platform is handed in. */
export class Machine implements MachineApi {
  readonly #platform: Platform;
  readonly #batches: EventBatches;
  readonly #frames = new FrameRing();
  #state: PowerState = "off";
  #settings: MachineSettings | undefined;
  #session: Session | undefined;
  #pausing: Promise<void> = Promise.resolve();

  constructor(platform: Platform) {
    this.#platform = platform;
    this.#batches = new EventBatches({
      clock: platform.clock,
      after: platform.after,
      gather: () => this.#session?.takeChanges() ?? [],
    });
  }

  observe(observer: MachineObserver): void {
    this.#batches.observe(observer, [
      { type: "power", state: this.#state },
      ...(this.#session?.snapshot() ?? []),
    ]);
  }

  async powerOn(settings: MachineSettings): Promise<void> {
    if (this.#state !== "off") return;
    this.#settings = settings;
    const startedMs = this.#platform.clock.now();
    this.#frames.begin(this.#platform.timeOfDay());
    const session = new Session(settings, this.#platform, {
      event: (event) => this.#from(session, event),
      serial: (byte) => this.#batches.pushSerial(byte),
      changed: () => this.#batches.schedule(),
      frame: (frame, nowMs, fromGuest) => this.#frames.push(frame, nowMs - startedMs, fromGuest),
      wants: (what) => this.#guestWants(session, what),
    });
    this.#session = session;
    this.#change("starting");
    const running = await session.start();
    if (this.#session !== session) return;
    if (running) this.#change("running");
    else await this.powerOff();
  }

  async powerOff(): Promise<void> {
    const session = this.#session;
    if (!session) return;
    // It stays the session until all is closed: the last it says still counts, and no other starts before.
    await session.close();
    if (session !== this.#session) return;
    for (const event of session.takeChanges()) this.#batches.push(event);
    this.#session = undefined;
    this.#change("off");
  }

  async reset(): Promise<void> {
    const settings = this.#settings;
    if (!this.#session || !settings) return;
    await this.powerOff();
    await this.powerOn(settings);
  }

  async pause(): Promise<void> {
    if (this.#state !== "running") return;
    this.#change("paused");
    this.#pausing = this.#session?.pause() ?? Promise.resolve();
    await this.#pausing;
  }

  async resume(): Promise<void> {
    if (this.#state !== "paused") return;
    this.#change("running");
    await this.#pausing;
    // It may have been switched off or paused again meanwhile.
    if (this.#is("running")) this.#session?.resume();
  }

  sendSerial(bytes: Uint8Array): void {
    this.#session?.sendSerial(bytes);
  }

  sendScancodes(codes: readonly number[]): void {
    this.#session?.sendScancodes(codes);
  }

  readPackets(position: PacketPosition | undefined, maxBytes: number): PacketBatch {
    return this.#frames.read(position, maxBytes);
  }

  #from(session: Session, event: MachineEvent): void {
    if (session === this.#session) this.#batches.push(event);
  }

  /** Comes from within a slice of guest time, which must end before the machine can be switched off. */
  #guestWants(session: Session, what: "off" | "reset"): void {
    this.#platform.after(0, () => {
      if (session !== this.#session) return;
      if (what === "reset") {
        void this.reset();
        return;
      }
      this.#batches.push({ type: "problem", problem: guestHalted() });
      void this.powerOff();
    });
  }

  #is(state: PowerState): boolean {
    return this.#state === state;
  }

  #change(state: PowerState): void {
    if (this.#state === state) return;
    this.#state = state;
    this.#batches.push({ type: "power", state });
  }
}
