import type { Ipv4Address } from "../../net/ipv4/address.ts";
import type { NearOffer } from "../../net/near/offer.ts";
import type { Exports } from "../exports/open-exports.ts";
import type { BootTraces } from "./boot-traces.ts";

/** What a tab may have near itself now. */
export function nearOffer(
  server: Ipv4Address,
  exports: Pick<Exports, "hub" | "status">,
  traces: BootTraces,
): NearOffer {
  const { hub } = exports;
  return {
    server,
    complete: exports.status().every(({ state }) => state === "ready"),
    exports: hub.names().map((name) => {
      const { sizeBytes, readOnly } = hub.get(name)!;
      return { name, sizeBytes, readOnly, trace: traces.of(name) };
    }),
  };
}
