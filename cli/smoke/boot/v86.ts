import type { MachineEvent, MachineSettings } from "../../../worker/interface.ts";
import { Machine } from "../../../worker/machine.ts";
import { firmwareSettings } from "../../engine/firmware-settings.ts";
import { nodePlatform } from "../../engine/node-platform.ts";
import type { CasePlan } from "../plan.ts";
import type { BootNetwork } from "./network.ts";

/** A machine that was switched on, whatever runs it. */
export interface PoweredMachine {
  /** Types into the serial console. */
  send(bytes: Uint8Array): void;
  /** Switches it off. Its last events have come when this resolves. */
  close(): Promise<void>;
}

export type MachineEvents = (events: readonly MachineEvent[]) => void;

/** Switches an emulated PC of this process on. What goes wrong is an event. */
export async function powerOnV86(
  plan: CasePlan,
  network: BootNetwork,
  take: MachineEvents,
): Promise<PoweredMachine> {
  const { mtu } = await network.status();
  const machine = new Machine({ ...nodePlatform, checkpoints: undefined });
  let off = true;
  let seenOff: (() => void) | undefined;
  machine.observe((events) => {
    take(events);
    for (const event of events) if (event.type === "power") off = event.state === "off";
    if (off) seenOff?.();
  });
  // Resolves once the processor runs: a boot is watched from before that.
  const running = machine.powerOn(settingsOf(plan, network, mtu));
  return {
    send: (bytes) => machine.sendSerial(bytes),
    async close() {
      await machine.powerOff();
      await running;
      await machine.powerOff();
      if (!off) await new Promise<void>((resolve) => (seenOff = resolve));
    },
  };
}

function settingsOf(plan: CasePlan, { link, entry }: BootNetwork, mtu: number): MachineSettings {
  const { memoryMiB, nic, stallMs } = plan;
  const common = { checkpoint: "off", stallMs } as const;
  const firmware = firmwareSettings(link, memoryMiB);
  if (plan.boot === "pxe") return { ...firmware, ...common };
  const { romUrl: _, ...direct } = firmware;
  const file = (path: string) => new URL(`tftpboot/${path}`, link).href;
  return {
    ...direct,
    ...common,
    boot: "direct",
    nic,
    append: entry.append,
    kernelUrl: file(entry.kernel),
    initrdUrls: entry.initrds.map(file),
    ...(nic === "virtio" && { mtu }),
  };
}
