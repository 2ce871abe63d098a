import type { Ipv4Address } from "../ipv4/address.ts";
import type { Flow } from "./flow.ts";

/**
 * The flows in SYN-RECEIVED, the oldest first. Over a bound the oldest one goes (RFC 4987, section 3.4): an honest handshake is
 * over long before, and who floods loses what he flooded with. Each peer has its own bound, so that one cannot take the
 * room of another.
 */
export class HalfOpenFlows {
  readonly #most: number;
  readonly #mostPerPeer: number;
  readonly #all = new Set<Flow>();
  readonly #ofPeer = new Map<Ipv4Address, Set<Flow>>();

  constructor(bounds: { readonly maxHalfOpen: number; readonly maxHalfOpenPerPeer: number }) {
    this.#most = bounds.maxHalfOpen;
    this.#mostPerPeer = bounds.maxHalfOpenPerPeer;
  }

  /** The flow that has to go before one more of `peer` is added; `undefined` when there is room. */
  surplus(peer: Ipv4Address): Flow | undefined {
    const flows = this.#ofPeer.get(peer);
    if (flows !== undefined && flows.size >= this.#mostPerPeer) return oldest(flows);
    return this.#all.size >= this.#most ? oldest(this.#all) : undefined;
  }

  add(flow: Flow): void {
    this.#all.add(flow);
    const flows = this.#ofPeer.get(flow.remoteAddress);
    if (flows === undefined) this.#ofPeer.set(flow.remoteAddress, new Set([flow]));
    else flows.add(flow);
  }

  /** Does nothing for a flow that is not here. */
  delete(flow: Flow): void {
    if (!this.#all.delete(flow)) return;
    const flows = this.#ofPeer.get(flow.remoteAddress);
    flows?.delete(flow);
    if (flows?.size === 0) this.#ofPeer.delete(flow.remoteAddress);
  }
}

function oldest(flows: Set<Flow>): Flow | undefined {
  const [flow] = flows;
  return flow;
}
