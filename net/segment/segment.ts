import type { Clock } from "../clock.ts";
import { ETHERNET_HEADER_BYTES } from "../ethernet/ethernet.ts";
import { isMulticastMac, type MacAddress, readMac } from "../ethernet/mac.ts";
import type { FrameSink } from "./frame.ts";

/** IEEE 802.1Q section 8.8.3: how long a station that keeps silent is remembered. */
const DEFAULT_AGEING_MS = 300_000;
const DEFAULT_CAPACITY = 1024;

export interface SegmentOptions {
  readonly clock: Clock;
  /** How many stations are remembered; policy: the one learned first is forgotten, and frames to it are flooded. */
  readonly capacity?: number;
  readonly ageingMs?: number;
}

export interface PortCounters {
  /** From the port into the segment. */
  receivedFrames: number;
  receivedBytes: number;
  /** From the segment to the port. */
  sentFrames: number;
  sentBytes: number;
  /** Frames from the port that are none: too short, or from a group address. */
  malformed: number;
}

export interface SegmentCounters {
  /** Frames for one station that went to all ports because nobody knows where it is. */
  flooded: number;
  /** Frames for a station on the port that they came from. */
  filtered: number;
  evicted: number;
}

/** One plug of the switch. */
export interface Port {
  readonly counters: Readonly<PortCounters>;
  /** Takes a frame from the station at this port. Does nothing after `detach`. */
  send(frame: Uint8Array): void;
  /** Like `send`, to one port only, whatever the frame's destination is. */
  sendTo(only: Port, frame: Uint8Array): void;
  /** Pulls the plug: what was learned about stations here is forgotten. */
  detach(): void;
}

interface Station {
  port: SegmentPort;
  seenAtMs: number;
}

/**
 * A virtual Ethernet switch. It delivers at once, in the caller's turn; a port whose sink is slow keeps its own queue. Isolated
 * clients are as many segments; clients that shall see each other are ports of one.
 */
export class Segment {
  readonly counters: SegmentCounters = { flooded: 0, filtered: 0, evicted: 0 };
  readonly #clock: Clock;
  readonly #capacity: number;
  readonly #ageingMs: number;
  readonly #ports = new Set<SegmentPort>();
  readonly #stations = new Map<MacAddress, Station>();

  constructor(options: SegmentOptions) {
    this.#clock = options.clock;
    this.#capacity = options.capacity ?? DEFAULT_CAPACITY;
    this.#ageingMs = options.ageingMs ?? DEFAULT_AGEING_MS;
  }

  get portCount(): number {
    return this.#ports.size;
  }

  /** Adds a port; `deliver` gets the frames for whoever is there. */
  attach(deliver: FrameSink): Port {
    const port = new SegmentPort(deliver, {
      send: (frame) => {
        const nowMs = this.#clock.now();
        if (this.#accept(port, frame, nowMs)) this.#forward(port, frame, nowMs);
      },
      sendTo: (only, frame) => {
        if (this.#accept(port, frame, this.#clock.now()) && this.#isHere(only)) only.deliver(frame);
      },
      detach: () => {
        this.#ports.delete(port);
        for (const [mac, station] of this.#stations) if (station.port === port) this.#stations.delete(mac);
      },
    });
    this.#ports.add(port);
    return port;
  }

  #isHere(port: Port): port is SegmentPort {
    return port instanceof SegmentPort && this.#ports.has(port);
  }

  /** Counts a frame and learns where its station is; false for what is none. */
  #accept(from: SegmentPort, frame: Uint8Array, nowMs: number): boolean {
    if (!this.#ports.has(from)) return false;
    from.counters.receivedFrames++;
    from.counters.receivedBytes += frame.length;
    const source = frame.length < ETHERNET_HEADER_BYTES ? undefined : readMac(frame, 6);
    if (source === undefined || isMulticastMac(source)) {
      from.counters.malformed++;
      return false;
    }
    this.#learn(source, from, nowMs);
    return true;
  }

  #forward(from: SegmentPort, frame: Uint8Array, nowMs: number): void {
    const destination = readMac(frame, 0);
    const to = isMulticastMac(destination) ? undefined : this.#stations.get(destination);
    if (to !== undefined && nowMs - to.seenAtMs <= this.#ageingMs) {
      if (to.port === from) this.counters.filtered++;
      else to.port.deliver(frame);
      return;
    }
    if (!isMulticastMac(destination)) this.counters.flooded++;
    for (const port of this.#ports) if (port !== from) port.deliver(frame);
  }

  #learn(mac: MacAddress, port: SegmentPort, nowMs: number): void {
    const station = this.#stations.get(mac);
    if (station !== undefined) {
      station.port = port;
      station.seenAtMs = nowMs;
      return;
    }
    if (this.#stations.size >= this.#capacity) {
      const [oldest] = this.#stations.keys();
      this.#stations.delete(oldest!);
      this.counters.evicted++;
    }
    this.#stations.set(mac, { port, seenAtMs: nowMs });
  }
}

class SegmentPort implements Port {
  readonly counters: PortCounters = {
    receivedFrames: 0,
    receivedBytes: 0,
    sentFrames: 0,
    sentBytes: 0,
    malformed: 0,
  };
  readonly send: Port["send"];
  readonly sendTo: Port["sendTo"];
  readonly detach: () => void;
  readonly #deliver: FrameSink;

  constructor(deliver: FrameSink, plug: Pick<Port, "send" | "sendTo" | "detach">) {
    this.#deliver = deliver;
    this.send = plug.send;
    this.sendTo = plug.sendTo;
    this.detach = plug.detach;
  }

  deliver(frame: Uint8Array): void {
    this.counters.sentFrames++;
    this.counters.sentBytes += frame.length;
    this.#deliver(frame);
  }
}
