import { concatenate } from "./boot-files/fetch-file.ts";
import type { MachineEvent, MachineObserver } from "./interface.ts";
import type { Platform } from "./platform.ts";

export interface EventBatchesOptions {
  readonly clock: Platform["clock"];
  readonly after: Platform["after"];
  /** Asked for what changed, right before a batch goes out: the screen, the wire's counters. */
  readonly gather: () => readonly MachineEvent[];
  readonly intervalMs?: number;
  /** Console output that may wait for a page that does not keep up. Policy: drop-oldest. */
  readonly maxSerialBytes?: number;
}

const DEFAULT_INTERVAL_MS = 33;
const DEFAULT_MAX_SERIAL_BYTES = 1024 * 1024;

/**
 * Gathers events into batches, at most thirty a second and never more than one on its way: an observer that is slow (a
 * page in the background) gets fewer, larger batches. Of events that only tell a present state the last one counts.
 */
export class EventBatches {
  readonly #options: EventBatchesOptions;
  #observer: MachineObserver | undefined;
  #events: MachineEvent[] = [];
  #serial: Uint8Array[] = [];
  #serialBytes = 0;
  #serialBuffer = new Uint8Array(4096);
  #serialUsed = 0;
  #lastMs = Number.NEGATIVE_INFINITY;
  #cancel: (() => void) | undefined;
  #underway = false;
  droppedSerialBytes = 0;

  constructor(options: EventBatchesOptions) {
    this.#options = options;
  }

  /** Replaces the observer, and begins with `events`: what one that comes late has to know. */
  observe(observer: MachineObserver, events: readonly MachineEvent[]): void {
    this.#observer = observer;
    this.#underway = false;
    this.#events = [
      ...events,
      ...this.#events.filter((event) => !events.some((newer) => supersedes(newer, event))),
    ];
    this.schedule();
  }

  push(event: MachineEvent): void {
    const older = this.#events.findIndex((candidate) => supersedes(event, candidate));
    if (older >= 0) this.#events.splice(older, 1);
    this.#events.push(event);
    this.schedule();
  }

  pushSerial(byte: number): void {
    this.#serialBuffer[this.#serialUsed++] = byte;
    if (this.#serialUsed === this.#serialBuffer.length) this.#sealSerial();
    if (this.#cancel === undefined) this.schedule();
  }

  /** A batch goes out within the interval. */
  schedule(): void {
    if (this.#cancel !== undefined || this.#underway) return;
    const { after, clock, intervalMs = DEFAULT_INTERVAL_MS } = this.#options;
    const waitMs = Math.max(0, this.#lastMs + intervalMs - clock.now());
    this.#cancel = after(waitMs, () => {
      this.#cancel = undefined;
      this.flush();
    });
  }

  flush(): void {
    this.#cancel?.();
    this.#cancel = undefined;
    this.#lastMs = this.#options.clock.now();
    const events = [...this.#takeSerial(), ...this.#events, ...this.#options.gather()];
    this.#events = [];
    if (events.length === 0 || !this.#observer) return;
    const done: unknown = this.#observer(events);
    if (!(done instanceof Promise)) return;
    this.#underway = true;
    const observer = this.#observer;
    const settle = () => {
      if (observer !== this.#observer) return;
      this.#underway = false;
      this.schedule();
    };
    done.then(settle, settle);
  }

  #sealSerial(): void {
    if (this.#serialUsed === 0) return;
    this.#serial.push(this.#serialBuffer.slice(0, this.#serialUsed));
    this.#serialBytes += this.#serialUsed;
    this.#serialUsed = 0;
    const limit = this.#options.maxSerialBytes ?? DEFAULT_MAX_SERIAL_BYTES;
    while (this.#serialBytes > limit && this.#serial.length > 1) {
      const oldest = this.#serial.shift()!;
      this.#serialBytes -= oldest.length;
      this.droppedSerialBytes += oldest.length;
    }
  }

  #takeSerial(): MachineEvent[] {
    this.#sealSerial();
    if (this.#serial.length === 0) return [];
    const bytes = concatenate(this.#serial);
    this.#serial = [];
    this.#serialBytes = 0;
    return [{ type: "serial", bytes }];
  }
}

function supersedes(newer: MachineEvent, older: MachineEvent): boolean {
  if (newer.type === "download") return older.type === "download" && older.file === newer.file;
  return (
    (newer.type === "milestones" || newer.type === "wire" || newer.type === "origin") &&
    older.type === newer.type
  );
}
