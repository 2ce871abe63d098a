import { passes } from "../../net/dissect/filter/evaluate.ts";
import type { Filter } from "../../net/dissect/filter/filter.ts";
import type { Packet, PacketStore } from "./packet-store.ts";

/** How many frames are looked at between two looks at the clock. */
const AT_ONCE = 50;

/**
 * The frames of a store that pass the filter. Looking at them costs time, so that it is done in slices: `advance` goes on
 * where it was.
 */
export class ShownPackets {
  readonly #store: PacketStore;
  #filter: Filter | undefined;
  #shown: Packet[] = [];
  /** The number of the last frame that was looked at. */
  #looked = 0;

  constructor(store: PacketStore) {
    this.#store = store;
  }

  get list(): readonly Packet[] {
    return this.#shown;
  }

  /** Whether frames wait to be looked at. */
  get behind(): boolean {
    const last = this.#store.packets.at(-1);
    return last !== undefined && last.context.number > this.#looked;
  }

  filter(filter: Filter | undefined): void {
    this.#filter = filter;
    this.restart();
  }

  /** Frames that were there are gone: begins from the first that is. */
  restart(): void {
    this.#shown = [];
    this.#looked = 0;
  }

  /** Frames at the beginning are gone; what was looked at behind them stays. */
  forgetBefore(number: number): void {
    const from = this.#shown.findIndex(({ context }) => context.number >= number);
    this.#shown = from < 0 ? [] : this.#shown.slice(from);
  }

  /** Looks at frames until `nowMs` is past `untilMs`, or all are. */
  advance(nowMs: () => number, untilMs: number): void {
    const { packets } = this.#store;
    const first = packets[0]?.context.number ?? 0;
    let index = Math.max(0, this.#looked - first + 1);
    while (index < packets.length) {
      const end = Math.min(packets.length, index + AT_ONCE);
      for (; index < end; index += 1) this.#look(packets[index]!);
      if (nowMs() >= untilMs) return;
    }
  }

  #look(packet: Packet): void {
    this.#looked = packet.context.number;
    const filter = this.#filter;
    if (filter === undefined || passes(filter, this.#store.dissect(packet).fields)) this.#shown.push(packet);
  }
}
