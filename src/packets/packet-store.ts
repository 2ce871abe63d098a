import type { FrameContext } from "../../net/dissect/conversations/context.ts";
import { Conversations } from "../../net/dissect/conversations/conversations.ts";
import { dissect } from "../../net/dissect/dissect.ts";
import type { Dissection, Summary } from "../../net/dissect/field.ts";
import type { PacketBatch, PacketPosition } from "../../worker/interface.ts";

/** A frame that the page has. */
export interface Packet {
  readonly bytes: Uint8Array;
  readonly context: FrameContext;
}

export interface PacketStoreOptions {
  /** Of frames. Policy: drop-oldest. */
  readonly maxBytes?: number;
  /** How many are kept at most, however short they are. */
  readonly maxFrames?: number;
}

/** As much as the worker keeps. */
const DEFAULT_MAX_BYTES = 24 * 1024 * 1024;
const DEFAULT_MAX_FRAMES = 50_000;

/** The frames that the page has of the machine's capture, in their order, each with what those before it tell. */
export class PacketStore {
  readonly #maxBytes: number;
  readonly #maxFrames: number;
  readonly #summaries = new WeakMap<Packet, Summary>();
  #packets: Packet[] = [];
  #bytes = 0;
  #conversations = new Conversations();
  #position: PacketPosition | undefined;
  #startedAtMs = 0;
  /** Frames that were too old to be kept, in the worker or here. */
  #dropped = 0;

  constructor(options: PacketStoreOptions = {}) {
    this.#maxBytes = options.maxBytes ?? DEFAULT_MAX_BYTES;
    this.#maxFrames = options.maxFrames ?? DEFAULT_MAX_FRAMES;
  }

  get packets(): readonly Packet[] {
    return this.#packets;
  }

  /** Up to where the capture was read. */
  get position(): PacketPosition | undefined {
    return this.#position;
  }

  /** When the machine was switched on, in milliseconds since 1970. */
  get startedAtMs(): number {
    return this.#startedAtMs;
  }

  get dropped(): number {
    return this.#dropped;
  }

  /** Adds what was read; a capture that begins anew replaces all. Says whether frames that were here are gone. */
  add(batch: PacketBatch): boolean {
    const anew = this.#position?.capture !== batch.capture;
    if (anew) {
      this.#packets = [];
      this.#bytes = 0;
      this.#dropped = 0;
      this.#conversations = new Conversations();
    }
    this.#position = { capture: batch.capture, after: batch.after };
    this.#startedAtMs = batch.startedAtMs;
    this.#dropped += batch.lost;
    let at = 0;
    for (const [index, length] of batch.lengths.entries()) {
      const bytes = batch.bytes.subarray(at, at + length);
      const direction = batch.fromGuest[index] === 1 ? ("out" as const) : ("in" as const);
      const context = this.#conversations.observe({ bytes, timeMs: batch.timesMs[index]!, direction });
      this.#packets.push({ bytes, context });
      this.#bytes += length;
      at += length;
    }
    return this.#makeRoom() || anew;
  }

  /** Forgets the frames, and not what was learned of their conversations. */
  clear(): void {
    this.#packets = [];
    this.#bytes = 0;
  }

  summary(packet: Packet): Summary {
    const known = this.#summaries.get(packet);
    if (known !== undefined) return known;
    const { summary } = this.dissect(packet);
    this.#summaries.set(packet, summary);
    return summary;
  }

  dissect({ bytes, context }: Packet): Dissection {
    return dissect(bytes, context);
  }

  #makeRoom(): boolean {
    let gone = 0;
    const tooMany = this.#packets.length - this.#maxFrames;
    while ((this.#bytes > this.#maxBytes || gone < tooMany) && gone < this.#packets.length) {
      this.#bytes -= this.#packets[gone]!.bytes.length;
      gone += 1;
    }
    if (gone === 0) return false;
    this.#packets = this.#packets.slice(gone);
    this.#dropped += gone;
    return true;
  }
}
