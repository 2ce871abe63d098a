import type { AoeAddress } from "../../net/aoe/address.ts";
import { type AoeCounters, AoeStation } from "../../net/aoe/station.ts";
import type { MacAddress } from "../../net/ethernet/mac.ts";
import type { ExportHub } from "../../net/export/hub.ts";
import type { Segment } from "../../net/segment/segment.ts";

/** The AoE targets' station on every segment, next to the boot server. */
export const AOE_MAC: MacAddress = 0x02_6e_72_00_00_02;

/** Which exports are AoE targets, and where. */
export interface AoeTargetsOptions {
  readonly hub: ExportHub;
  readonly targets: readonly { readonly name: string; readonly address: AoeAddress }[];
}

/** The AoE targets of one segment, at a port of their own. */
export interface AoeTargets {
  readonly counters: Readonly<AoeCounters>;
  /** For a client that has just been plugged in. */
  announce(): void;
  close(): void;
}

/** Plugs them in. An export that comes later becomes a target when it comes, and is announced then. */
export function plugInTargets(
  segment: Segment,
  mtu: number,
  { hub, targets }: AoeTargetsOptions,
): AoeTargets {
  const station: AoeStation = new AoeStation({ mac: AOE_MAC, mtu, transmit: (frame) => port.send(frame) });
  const port = segment.attach((frame) => station.receive(frame));
  const add = (name: string) => {
    const back = hub.get(name);
    if (back === undefined) return;
    for (const target of targets) if (target.name === name) station.add(target.address, back);
  };
  for (const name of new Set(targets.map((target) => target.name))) add(name);
  const forget = hub.onAdded(({ name }) => add(name));
  return {
    counters: station.counters,
    announce: () => station.announce(),
    close: () => {
      forget();
      station.close();
      port.detach();
    },
  };
}
