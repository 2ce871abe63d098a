import type { FrameSink } from "../../net/segment/frame.ts";
import type { Logger } from "../log.ts";
import { openTap, type TapCounters } from "./tap.ts";

export interface UplinkOptions {
  /** The tap's name. It is made, and taken away at the end, where it does not exist. */
  readonly name: string;
  /** The network namespace (`ip netns`) in which it is; the relay's own when not given. */
  readonly namespace?: string;
  /** Of the segment, in bytes: the tap gets the same. */
  readonly mtu: number;
  /** Gives the tap its port of the segment. */
  readonly plugIn: (deliver: FrameSink) => UplinkPort;
  readonly logger: Logger;
}

export interface UplinkPort {
  readonly send: FrameSink;
  detach(): void;
}

/** A Linux tap on a segment: whatever listens on the interface (vblade, tcpdump, a bridge) stands on the segment. */
export interface Uplink {
  readonly counters: Readonly<TapCounters>;
  close(): Promise<void>;
}

/** Opens the tap and plugs it in. Rejects with a `TapError`. A tap that is lost later is logged; the segment goes on without it. */
export async function openUplink(options: UplinkOptions): Promise<Uplink> {
  const { name, namespace, mtu, plugIn, logger } = options;
  const tap = await openTap({ name, mtu, ...(namespace !== undefined && { namespace }) });
  const port = plugIn((frame) => tap.send(frame));
  tap.onFrame = port.send;
  logger.info(`the tap ${name} is on the segment, with an MTU of ${mtu}`);
  void tap.ended.then((error) => {
    port.detach();
    if (error !== undefined) {
      logger.error(`${error.message} The segment goes on without it; start again to have it back.`);
    }
  });
  return { counters: tap.counters, close: () => tap.close() };
}
