import type {
  BlockPath,
  MachineEvent,
  Milestone,
  PowerState,
  Problem,
  WireCounters,
} from "../../../worker/interface.ts";
import { Console } from "../../engine/console.ts";
import { ScreenText } from "./screen-text.ts";

/** A boot that babbles is cut at its beginning. */
const MAX_CONSOLE_CHARACTERS = 4 * 1024 * 1024;
/** Raw console output that is kept for the log. Policy: drop-newest, and say so. */
const MAX_SERIAL_BYTES = 32 * 1024 * 1024;

/** What is known of one boot, gathered from its events. It knows nothing of what runs the machine. */
export class BootRecord {
  readonly console: Console;
  readonly screen = new ScreenText();
  readonly problems: Problem[] = [];
  milestones: readonly Milestone[] = [];
  counters: WireCounters | undefined;
  blocks: BlockPath | undefined;
  wireState: Extract<MachineEvent, { type: "wire" }>["state"] = "closed";
  power: PowerState = "off";
  /** It ran, and is off: nobody here switched it off. */
  ended = false;
  /** Output that did not fit into the log. */
  serialDroppedBytes = 0;
  readonly #serial: Uint8Array[] = [];
  #serialBytes = 0;
  readonly #listeners = new Set<() => void>();

  /** @param send types into the serial console */
  constructor(send: (bytes: Uint8Array) => void) {
    this.console = new Console({ send, maxCharacters: MAX_CONSOLE_CHARACTERS });
  }

  /** Calls back after each batch of events, until the returned function is called. */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  take(events: readonly MachineEvent[]): void {
    if (this.ended) return;
    for (const event of events) this.#takeOne(event);
    for (const listener of [...this.#listeners]) listener();
  }

  /** All that came over the serial console, as it came. */
  get serial(): Uint8Array {
    return Buffer.concat(this.#serial);
  }

  #takeOne(event: MachineEvent): void {
    if (this.ended || this.screen.take(event)) return;
    switch (event.type) {
      case "power":
        this.ended = this.power === "running" && event.state === "off";
        this.power = event.state;
        return;
      case "milestones":
        this.milestones = event.milestones;
        return;
      case "problem":
        this.problems.push(event.problem);
        return;
      case "serial":
        this.console.receive(event.bytes);
        this.#keep(event.bytes);
        return;
      case "wire":
        ({ counters: this.counters, blocks: this.blocks, state: this.wireState } = event);
        return;
      default:
    }
  }

  #keep(bytes: Uint8Array): void {
    const room = MAX_SERIAL_BYTES - this.#serialBytes;
    const kept = bytes.subarray(0, room);
    this.serialDroppedBytes += bytes.length - kept.length;
    if (kept.length === 0) return;
    this.#serial.push(kept.slice());
    this.#serialBytes += kept.length;
  }
}
