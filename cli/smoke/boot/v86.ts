import type {
  MachineEvent,
  MachineSettings,
  PacketBatch,
  PacketPosition,
} from "../../../worker/interface.ts";
import { Machine } from "../../../worker/machine.ts";
import { firmwareSettings } from "../../engine/firmware-settings.ts";
import { nodePlatform } from "../../engine/node-platform.ts";
import type { CasePlan } from "../plan.ts";
import type { BootNetwork } from "./network.ts";
import { ScreenRows, screenPicture } from "./screen-picture.ts";
import type { SeenFrame } from "./traffic.ts";

/** A machine that was switched on, whatever runs it. */
export interface PoweredMachine {
  /** Types into the serial console. */
  send(bytes: Uint8Array): void;
  /** What its screen shows now, as a picture; undefined where there is none any more. */
  screenshot(): Promise<Uint8Array | undefined>;
  /** Switches it off. Its last events have come when this resolves. */
  close(): Promise<void>;
}

/** Who follows a machine. */
export interface MachineFollower {
  events(events: readonly MachineEvent[]): void;
  frame(frame: SeenFrame): void;
}

/** How much of the guest's frames is taken over at a time. */
const FRAMES_BYTES = 8 * 1024 * 1024;

/** Switches an emulated PC of this process on. What goes wrong is an event. */
export async function powerOnV86(
  plan: CasePlan,
  network: BootNetwork,
  follower: MachineFollower,
): Promise<PoweredMachine> {
  const { mtu } = await network.status();
  const machine = new Machine({ ...nodePlatform, checkpoints: undefined });
  let off = true;
  let seenOff: (() => void) | undefined;
  const screen = new ScreenRows();
  let position: PacketPosition | undefined;
  const takeFrames = () => {
    for (let more = true; more; ) {
      const batch = machine.readPackets(position, FRAMES_BYTES);
      position = { capture: batch.capture, after: batch.after };
      more = batch.more;
      for (const frame of framesOf(batch)) follower.frame(frame);
    }
  };
  machine.observe((events) => {
    takeFrames();
    for (const event of events) screen.take(event);
    follower.events(events);
    for (const event of events) if (event.type === "power") off = event.state === "off";
    if (off) seenOff?.();
  });
  // Resolves once the processor runs: a boot is watched from before that.
  const running = machine.powerOn(settingsOf(plan, network, mtu));
  return {
    send: (bytes) => machine.sendSerial(bytes),
    screenshot: async () => screenPicture(screen),
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
  const common = {
    checkpoint: "off",
    // Nothing is read ahead of the guest: what a report says of its reads is then the image's doing alone.
    near: "off",
    stallMs,
    ...(plan.write && { disk: { name: plan.write.path, overOther: plan.write.overOther } }),
  } as const;
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

function* framesOf({ lengths, timesMs, fromGuest, bytes, startedAtMs }: PacketBatch): Generator<SeenFrame> {
  let at = 0;
  for (const [index, length] of lengths.entries()) {
    const epochMs = startedAtMs + timesMs[index]!;
    yield { bytes: bytes.subarray(at, at + length), epochMs, fromGuest: fromGuest[index] === 1 };
    at += length;
  }
}
