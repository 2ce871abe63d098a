import type { Clock, RandomBytes, Timed } from "../clock.ts";
import { ETHERNET_HEADER_BYTES, etherType, writeEthernetHeader } from "../ethernet/ethernet.ts";
import type { Ipv4Address } from "../ipv4/address.ts";
import type { Ipv4Output } from "../ipv4/output.ts";
import { IPV4_HEADER_BYTES, writeIpv4Header } from "../ipv4/packet.ts";
import type { ByteStream, ByteStreamHandler, StreamEnd } from "../stream/stream.ts";
import { TcpEndpoint } from "./endpoint.ts";
import { cutLargeFrame } from "./large-segment.ts";
import type { TcpSettings } from "./settings.ts";
import { parseSegment, type TcpSegment } from "./wire.ts";

// For tests: two endpoints on a link whose clock, delays and losses are the test's.

export const LEFT: Ipv4Address = 0x0a560001;
export const RIGHT: Ipv4Address = 0x0a560064;
const HEADERS = ETHERNET_HEADER_BYTES + IPV4_HEADER_BYTES;

/** What becomes of one packet: an arrival for each number, that many milliseconds later. None: it is lost. */
export type Fate = (segment: TcpSegment, from: Ipv4Address) => readonly number[];

interface Arrival {
  readonly at: number;
  readonly order: number;
  readonly to: Ipv4Address;
  readonly bytes: Uint8Array;
}

/** A small generator with a seed (mulberry32): the same test, the same losses. */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

export function seededBytes(seed: number): RandomBytes {
  const random = seededRandom(seed);
  return (length) => Uint8Array.from({ length }, () => Math.floor(random() * 256));
}

/** A link between `LEFT` and `RIGHT` under a fake clock. */
export class SimulatedLink implements Clock {
  #now = 1000;
  #order = 0;
  #arrivals: Arrival[] = [];
  readonly #receivers = new Map<Ipv4Address, (source: Ipv4Address, bytes: Uint8Array) => void>();
  readonly #machines: Timed[] = [];
  fate: Fate;
  /** Every segment sent, lost ones included, with its sender. */
  readonly sent: { readonly from: Ipv4Address; readonly at: number; readonly segment: TcpSegment }[] = [];

  constructor(fate: Fate = () => [1]) {
    this.fate = fate;
  }

  now(): number {
    return this.#now;
  }

  /** How `address` sends to the link. */
  output(address: Ipv4Address, mtu = 1500, largePacketBytes = mtu): Ipv4Output {
    return {
      address,
      mtu,
      largePacketBytes,
      send: (protocol, destination, length, fill) => {
        const frame = new Uint8Array(HEADERS + length);
        fill(frame, HEADERS);
        if (HEADERS + length <= ETHERNET_HEADER_BYTES + mtu) {
          this.inject(address, destination, frame.subarray(HEADERS));
          return;
        }
        const fields = { source: address, destination, protocol, payloadLength: length, identification: 1 };
        writeIpv4Header(frame, ETHERNET_HEADER_BYTES, fields);
        writeEthernetHeader(frame, 1, 2, etherType.ipv4);
        const pieces = cutLargeFrame(frame, mtu);
        if (pieces === undefined) throw new Error("A large segment that was sent cannot be cut.");
        for (const piece of pieces) this.inject(address, destination, piece.subarray(HEADERS));
      },
    };
  }

  /** Puts a packet on the link. */
  inject(from: Ipv4Address, to: Ipv4Address, bytes: Uint8Array): void {
    const segment = parseSegment(bytes, from, to);
    if (segment.kind === "malformed")
      throw new Error(`A segment that was sent is malformed: ${segment.reason}.`);
    this.sent.push({ from, at: this.#now, segment });
    for (const delay of this.fate(segment, from)) {
      this.#arrivals.push({ at: this.#now + delay, order: this.#order++, to, bytes });
    }
  }

  attach(address: Ipv4Address, receiver: (source: Ipv4Address, bytes: Uint8Array) => void): void {
    this.#receivers.set(address, receiver);
  }

  endpoint(
    address: Ipv4Address,
    settings: Partial<TcpSettings> = {},
    random = seededBytes(address),
    largePacketBytes?: number,
  ): TcpEndpoint {
    const output = this.output(address, 1500, largePacketBytes);
    const endpoint = new TcpEndpoint({ output, clock: this, random, settings });
    this.attach(address, (source, bytes) => endpoint.receive(source, bytes));
    this.drive(endpoint);
    return endpoint;
  }

  /** Advances a machine when its time has come. */
  drive(machine: Timed): void {
    this.#machines.push(machine);
  }

  /** Does what comes next, at its time. False when nothing will happen any more, or not before `until`. */
  step(until = Number.POSITIVE_INFINITY): boolean {
    let next = Number.POSITIVE_INFINITY;
    let index = -1;
    for (const [at, arrival] of this.#arrivals.entries()) {
      if (arrival.at < next || (arrival.at === next && arrival.order < this.#arrivals[index]!.order)) {
        next = arrival.at;
        index = at;
      }
    }
    const deadline = Math.min(...this.#machines.map((machine) => machine.deadline()));
    const at = Math.min(next, deadline);
    if (at > until || at === Number.POSITIVE_INFINITY) {
      if (until !== Number.POSITIVE_INFINITY) this.#now = Math.max(this.#now, until);
      return false;
    }
    this.#now = Math.max(this.#now, at);
    if (next <= deadline) {
      const [arrival] = this.#arrivals.splice(index, 1);
      const source = arrival!.to === LEFT ? RIGHT : LEFT;
      this.#receivers.get(arrival!.to)?.(source, arrival!.bytes);
    } else {
      for (const machine of this.#machines) machine.advance(this.#now);
    }
    return true;
  }

  /** Lets `ms` milliseconds pass. */
  run(ms: number): void {
    const until = this.#now + ms;
    while (this.step(until));
  }

  /** Runs until nothing is under way and no timer runs, or `stop` says so. Throws after far too many steps. */
  settle(stop: () => boolean = () => false): void {
    for (let steps = 0; steps < 500_000; steps += 1) {
      if (stop() || !this.step()) return;
    }
    throw new Error("The link does not come to rest.");
  }
}

/** A handler that keeps what it is told. */
export class Recorder implements ByteStreamHandler {
  readonly chunks: Uint8Array[] = [];
  ended = false;
  drains = 0;
  reason: StreamEnd | undefined;
  /** Events after `closed`: there must be none. */
  late = 0;
  onData: ((bytes: Uint8Array) => void) | undefined;
  onEnd: (() => void) | undefined;
  onDrained: (() => void) | undefined;

  data(bytes: Uint8Array): void {
    this.#event();
    this.chunks.push(bytes);
    this.onData?.(bytes);
  }

  end(): void {
    this.#event();
    this.ended = true;
    this.onEnd?.();
  }

  drained(): void {
    this.#event();
    this.drains += 1;
    this.onDrained?.();
  }

  closed(reason: StreamEnd): void {
    this.#event();
    this.reason = reason;
  }

  bytes(): Uint8Array {
    const length = this.chunks.reduce((sum, chunk) => sum + chunk.length, 0);
    const whole = new Uint8Array(length);
    let at = 0;
    for (const chunk of this.chunks) {
      whole.set(chunk, at);
      at += chunk.length;
    }
    return whole;
  }

  #event(): void {
    if (this.reason !== undefined) this.late += 1;
  }
}

/** Writes `bytes` in chunks of `chunkSize`, as fast as the stream takes them, then ends it. */
export function writeAll(stream: ByteStream, handler: Recorder, bytes: Uint8Array, chunkSize = 16384): void {
  let at = 0;
  const go = () => {
    while (at < bytes.length) {
      const chunk = bytes.subarray(at, at + chunkSize);
      at += chunk.length;
      if (!stream.write(chunk)) {
        handler.onDrained = go;
        return;
      }
    }
    handler.onDrained = undefined;
    stream.end();
  };
  go();
}
