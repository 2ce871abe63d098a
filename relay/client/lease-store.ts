import type { LeasePoolState } from "../../net/dhcp/lease-pool.ts";

/** Where the leases of a network outlast it. Of one network at a time. */
export interface LeaseStore {
  /** What was kept last; the time that went by since then is taken off. */
  restore(): LeasePoolState | undefined;
  /** The leases are others now; `state` returns them when they are to be written down. Cheap. */
  keep(state: () => LeasePoolState): void;
}
