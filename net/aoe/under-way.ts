import { ETHERNET_HEADER_BYTES } from "../ethernet/ethernet.ts";
import type { MacAddress } from "../ethernet/mac.ts";
import type { AoeTarget } from "./target.ts";

/** A request that was let in. Call `end` once, when it is answered. */
export interface UnderWay {
  end(): void;
}

/** What may be under way at once: so many requests of one initiator at one target, and so many bytes altogether. */
export class RequestsUnderWay {
  readonly #perInitiator: number;
  readonly #maxBytes: number;
  readonly #frames = new Map<AoeTarget, Map<MacAddress, Set<Uint8Array>>>();
  #bytes = 0;

  constructor(perInitiator: number, maxBytes: number) {
    this.#perInitiator = perInitiator;
    this.#maxBytes = maxBytes;
  }

  /** Lets a request in that takes so many bytes until it is answered, or says why not. */
  begin(
    target: AoeTarget,
    initiator: MacAddress,
    frame: Uint8Array,
    bytes: number,
  ): UnderWay | "duplicate" | "busy" {
    const initiators = this.#frames.get(target) ?? new Map<MacAddress, Set<Uint8Array>>();
    const frames = initiators.get(initiator) ?? new Set();
    for (const other of frames) if (isSameRequest(other, frame)) return "duplicate";
    if (frames.size >= this.#perInitiator || this.#bytes + bytes > this.#maxBytes) return "busy";
    frames.add(frame);
    initiators.set(initiator, frames);
    this.#frames.set(target, initiators);
    this.#bytes += bytes;
    return {
      end: () => {
        this.#bytes -= bytes;
        frames.delete(frame);
        if (frames.size === 0) initiators.delete(initiator);
        if (initiators.size === 0) this.#frames.delete(target);
      },
    };
  }

  /** How many requests are under way. */
  get size(): number {
    let size = 0;
    for (const initiators of this.#frames.values())
      for (const frames of initiators.values()) size += frames.size;
    return size;
  }
}

/** The same message of AoE, whether it was sent to the target's own address or to everyone. */
function isSameRequest(one: Uint8Array, other: Uint8Array): boolean {
  if (one.length !== other.length) return false;
  for (let at = ETHERNET_HEADER_BYTES; at < one.length; at++) if (one[at] !== other[at]) return false;
  return true;
}
