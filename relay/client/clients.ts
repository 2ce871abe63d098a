import type { FrameSink } from "../../net/segment/frame.ts";
import type { GuardReason } from "../../net/segment/port-guard.ts";
import type { Logger } from "../log.ts";
import { addCounts, asCounts, type CountTree } from "../metrics/count-tree.ts";
import type { UplinkPort } from "../uplink/uplink.ts";
import type { AttachClient } from "../wire/wire-session.ts";
import { BootNetwork, type BootNetworkOptions } from "./boot-network.ts";
import { dropWords } from "./drop-words.ts";

/** `isolated`: each client has a segment, a boot server and a gateway of its own. `shared`: one for all of them. */
export type SegmentMode = "isolated" | "shared";

/** Gives each client on the wire its network. */
export class Clients {
  readonly #mode: SegmentMode;
  readonly #options: BootNetworkOptions;
  readonly #networks = new Set<BootNetwork>();
  #past: CountTree = {};

  constructor(mode: SegmentMode, options: BootNetworkOptions) {
    this.#mode = mode;
    this.#options = options;
  }

  /** How many networks there are: what is left when all clients are gone is a leak. */
  get networks(): number {
    return this.#networks.size;
  }

  /** Totals over all networks that there are and were: of the boot servers, of TCP, and of what the guards dropped. */
  counters(): CountTree {
    let sum = this.#past;
    for (const network of this.#networks) sum = addCounts(sum, countsOf(network));
    return sum;
  }

  readonly attach: AttachClient = (_id, send, logger, takesLarge) => {
    const network = this.#network(takesLarge);
    const port = network.attach(send, { dropped: sayOnce(logger) });
    return {
      receive: port.send,
      // Who shares a segment may get a frame that another one gets as well.
      ...(this.#mode === "isolated" && { sent: port.sent }),
      resumed: port.resumed,
      close: () => {
        port.detach();
        // A shared network goes with its last client too: connections of clients that are gone must not stay open.
        if (network.isDeserted) this.#end(network);
      },
    };
  };

  /** Plugs an uplink into the one network of all clients, which is there from now on. */
  attachUplink(deliver: FrameSink): UplinkPort {
    if (this.#mode !== "shared") throw new Error("An uplink joins one segment: that needs the mode shared.");
    const network = this.#network();
    const port = network.attachUplink(deliver);
    return {
      send: port.send,
      detach: () => {
        port.detach();
        if (network.isDeserted && this.#networks.has(network)) this.#end(network);
      },
    };
  }

  #network(takesLarge = false): BootNetwork {
    if (this.#mode === "shared") {
      const [shared] = this.#networks;
      if (shared !== undefined) return shared;
    }
    // On a shared segment there may be others, who take no large segments.
    const largeSegments = takesLarge && this.#mode === "isolated";
    const network = new BootNetwork({ ...this.#options, largeSegments });
    this.#networks.add(network);
    return network;
  }

  #end(network: BootNetwork): void {
    this.#networks.delete(network);
    network.close();
    this.#past = addCounts(this.#past, countsOf(network));
  }
}

function countsOf(network: BootNetwork): CountTree {
  return { server: asCounts(network.counters), tcp: asCounts(network.tcp), guard: network.guarded() };
}

/** Says for what a client's frames are dropped: the first time of each reason. */
function sayOnce(logger: Logger): (reason: GuardReason) => void {
  const said = new Set<GuardReason>();
  return (reason) => {
    if (said.has(reason)) return;
    said.add(reason);
    const words = dropWords[reason];
    if (words !== undefined) logger.warn(`frames are dropped: ${words}.`);
  };
}
