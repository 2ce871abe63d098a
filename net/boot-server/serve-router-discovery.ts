import type { MacAddress } from "../ethernet/mac.ts";
import { noRouterAdvertisement, parseRouterSolicitation } from "../router-discovery/router-discovery.ts";
import type { FrameSink } from "../segment/frame.ts";

export interface RouterDiscoveryCounters {
  answered: number;
  malformed: number;
}

/**
 * Says at once that there is no IPv6 router. iPXE boots when all its ways to an address have come to an end, and waits for a
 * router for a quarter of a minute where nobody answers (Debian 12's; later ones are less patient).
 */
export class RouterDiscovery {
  readonly counters: RouterDiscoveryCounters = { answered: 0, malformed: 0 };
  readonly #mac: MacAddress;
  readonly #transmit: FrameSink;

  constructor(mac: MacAddress, transmit: FrameSink) {
    this.#mac = mac;
    this.#transmit = transmit;
  }

  /** Takes a frame. False when it is for somebody else. */
  receive(frame: Uint8Array): boolean {
    const solicitation = parseRouterSolicitation(frame);
    if (solicitation === undefined) return false;
    if (solicitation.kind === "malformed") {
      this.counters.malformed++;
    } else {
      this.counters.answered++;
      this.#transmit(noRouterAdvertisement(this.#mac, solicitation));
    }
    return true;
  }
}
