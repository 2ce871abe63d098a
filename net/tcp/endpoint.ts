import type { Clock, RandomBytes, Timed } from "../clock.ts";
import type { Ipv4Address } from "../ipv4/address.ts";
import type { Ipv4Output } from "../ipv4/output.ts";
import type { ByteStream, ByteStreamHandler, StreamPeer, StreamService } from "../stream/stream.ts";
import { mayReopen, segmentArrives, takeSyn } from "./arrive.ts";
import { Connection } from "./connection.ts";
import { createCounters, type TcpCounters } from "./counters.ts";
import { closeFlow, deliver } from "./deliver.ts";
import { refuseSegment, sendSyn } from "./emit.ts";
import { createFlow, type Flow, type FlowContext, flowDeadline } from "./flow.ts";
import { HalfOpenFlows } from "./half-open.ts";
import { DEFAULT_SETTINGS, type TcpSettings } from "./settings.ts";
import { pathRestored, timeoutsArrive } from "./timeouts.ts";
import { ACK, FIN, parseSegment, RST, SYN, type TcpSegment } from "./wire.ts";

/** Segments that may wait while another is being handled: they came from a link that delivers back at once. */
const MAX_INBOX = 4096;

/** Ports for flows that we open (RFC 6335, section 6). */
const FIRST_EPHEMERAL_PORT = 49152;
const EPHEMERAL_PORTS = 16384;

export type TcpErrorCode = "PORT-IN-USE" | "TOO-MANY-FLOWS" | "NO-FREE-PORT" | "CLOSED";

/** A call that the endpoint cannot do. What the network does is told to a stream's handler instead. */
export class TcpError extends Error {
  readonly code: TcpErrorCode;
  constructor(code: TcpErrorCode, message: string) {
    super(message);
    this.name = "TcpError";
    this.code = code;
  }
}

export interface TcpEndpointOptions {
  readonly output: Ipv4Output;
  readonly clock: Clock;
  readonly random: RandomBytes;
  /** What differs from `DEFAULT_SETTINGS`. */
  readonly settings?: Partial<TcpSettings>;
}

/** TCP at one local address (RFC 9293): listens, connects, and sorts what arrives to its flows. */
export class TcpEndpoint implements Timed {
  readonly counters: TcpCounters = createCounters();
  readonly #random: RandomBytes;
  readonly #context: FlowContext;
  readonly #services = new Map<number, StreamService>();
  /** By local port, then by remote address and port. */
  readonly #flows = new Map<number, Map<number, Flow>>();
  readonly #flowsOfPeer = new Map<Ipv4Address, number>();
  readonly #halfOpen: HalfOpenFlows;
  /** The oldest first. */
  readonly #timeWait = new Set<Flow>();
  #inbox: { source: Ipv4Address; bytes: Uint8Array }[] = [];
  #busy = false;
  #closed = false;

  constructor({ output, clock, random, settings }: TcpEndpointOptions) {
    this.#random = random;
    const all = { ...DEFAULT_SETTINGS, ...settings };
    this.#halfOpen = new HalfOpenFlows(all);
    this.#context = {
      output,
      clock,
      settings: all,
      counters: this.counters,
      established: (flow) => this.#established(flow),
      ended: (flow) => this.#ended(flow),
    };
  }

  /**
   * Accepts connections to `port`. The service is called when a handshake is complete.
   * Returns what stops it; flows that are open stay. Throws `PORT-IN-USE`.
   */
  listen(port: number, service: StreamService): () => void {
    if (this.#services.has(port)) {
      throw new TcpError(
        "PORT-IN-USE",
        `Port ${port} has a service already: give each service its own port.`,
      );
    }
    this.#services.set(port, service);
    return () => {
      if (this.#services.get(port) === service) this.#services.delete(port);
    };
  }

  /**
   * Opens a connection. What is written before the handshake is complete waits; `closed("refused")` or
   * `closed("timed-out")` tell that there will be none. Throws `TOO-MANY-FLOWS`, `NO-FREE-PORT` or `CLOSED`.
   */
  connect(peer: StreamPeer, handler: ByteStreamHandler): ByteStream {
    if (this.#closed) throw new TcpError("CLOSED", "The endpoint is closed.");
    if (this.#isFull(peer.address)) {
      throw new TcpError("TOO-MANY-FLOWS", "Too many connections are open: close some, or raise maxFlows.");
    }
    const flow = this.#addFlow(false, this.#freePort(peer), peer.address, peer.port);
    flow.handler = handler;
    this.#step(() => sendSyn(flow));
    return this.#connection(flow);
  }

  /** Takes the payload of one IPv4 packet to our address. The bytes may be kept: they are part of an immutable frame. */
  receive(source: Ipv4Address, bytes: Uint8Array): void {
    if (this.#closed) return;
    if (this.#busy) {
      if (this.#inbox.length < MAX_INBOX) this.#inbox.push({ source, bytes });
      else this.counters.dropped.reentrantFull += 1;
      return;
    }
    this.#step(() => this.#arrive(source, bytes));
  }

  /**
   * Takes the payload of a packet to an address that is not ours, and answers in its name (`output.address`): whatever is not
   * itself a RST gets one.
   */
  refuse(output: Ipv4Output, source: Ipv4Address, bytes: Uint8Array): void {
    if (this.#closed) return;
    const segment = this.#parse(source, output.address, bytes);
    if (segment !== undefined) this.#refuseUnknown(output, source, segment);
  }

  /** Resets every flow of a remote address. Their handlers are told `closed("aborted")`. */
  abortPeer(address: Ipv4Address): void {
    this.#step(() => {
      for (const flows of this.#flows.values()) {
        for (const flow of flows.values()) if (flow.remoteAddress === address) this.#abort(flow);
      }
    });
  }

  /** The way to a remote address was cut for a while and is there again: its flows go on at once. */
  pathRestored(address: Ipv4Address): void {
    const nowMs = this.#context.clock.now();
    this.#step(() => {
      for (const flows of this.#flows.values()) {
        for (const flow of flows.values()) if (flow.remoteAddress === address) pathRestored(flow, nowMs);
      }
    });
  }

  deadline(): number {
    let deadline = Number.POSITIVE_INFINITY;
    for (const flows of this.#flows.values()) {
      for (const flow of flows.values()) deadline = Math.min(deadline, flowDeadline(flow));
    }
    return deadline;
  }

  advance(nowMs: number): void {
    this.#step(() => {
      for (const flows of this.#flows.values()) {
        for (const flow of flows.values()) {
          if (flowDeadline(flow) <= nowMs) timeoutsArrive(flow, nowMs);
        }
      }
    });
  }

  /** Resets every flow and stops listening. Every handler is told `closed("aborted")`; nothing happens afterwards. */
  close(): void {
    this.#services.clear();
    for (const flows of this.#flows.values()) {
      for (const flow of flows.values()) this.#abort(flow);
    }
    this.#closed = true;
  }

  #abort(flow: Flow): void {
    if (flow.state === "TIME-WAIT") closeFlow(flow, "finished");
    else this.#connection(flow).abort();
  }

  /**
   * Runs one step to its end before the next segment is looked at: an output may deliver back at once, and a handler may
   * call its stream. So no state is ever seen half changed, and no chain of answers nests.
   */
  #step(run: () => void): void {
    if (this.#busy) {
      run();
      return;
    }
    this.#busy = true;
    try {
      run();
      while (this.#inbox.length > 0) {
        const waiting = this.#inbox;
        this.#inbox = [];
        for (const { source, bytes } of waiting) this.#arrive(source, bytes);
      }
    } finally {
      this.#busy = false;
    }
  }

  #arrive(source: Ipv4Address, bytes: Uint8Array): void {
    const segment = this.#parse(source, this.#context.output.address, bytes);
    if (segment === undefined) return;
    const flow = this.#flows.get(segment.destinationPort)?.get(peerKey(source, segment.sourcePort));
    if (flow !== undefined && !mayReopen(flow, segment)) {
      segmentArrives(flow, segment);
      return;
    }
    if (flow !== undefined) closeFlow(flow, "finished");
    this.#arriveInListen(source, segment);
  }

  /** Counts a segment; `undefined` when it is none. */
  #parse(source: Ipv4Address, destination: Ipv4Address, bytes: Uint8Array): TcpSegment | undefined {
    this.counters.segmentsIn += 1;
    const segment = parseSegment(bytes, source, destination);
    if (segment.kind !== "malformed") return segment;
    if (segment.reason === "bad-checksum") this.counters.dropped.checksum += 1;
    else this.counters.dropped.malformed += 1;
    return undefined;
  }

  #refuseUnknown(output: Ipv4Output, source: Ipv4Address, segment: TcpSegment): void {
    this.counters.unknownFlows += 1;
    refuseSegment(output, this.counters, source, segment);
  }

  /** RFC 9293, sections 3.10.7.1 and 3.10.7.2: no flow is there. */
  #arriveInListen(source: Ipv4Address, segment: TcpSegment): void {
    const { output } = this.#context;
    const opens = (segment.flags & (SYN | ACK | RST | FIN)) === SYN;
    if (!opens || !this.#services.has(segment.destinationPort)) {
      this.#refuseUnknown(output, source, segment);
      return;
    }
    const surplus = this.#halfOpen.surplus(source);
    if (surplus !== undefined) {
      this.counters.dropped.halfOpenFull += 1;
      closeFlow(surplus, "timed-out");
    }
    if (this.#isFull(source)) {
      this.counters.flowsRefused += 1;
      refuseSegment(output, this.counters, source, segment);
      return;
    }
    const flow = this.#addFlow(true, segment.destinationPort, source, segment.sourcePort);
    this.#halfOpen.add(flow);
    takeSyn(flow, segment);
    sendSyn(flow);
  }

  #established(flow: Flow): void {
    this.#halfOpen.delete(flow);
    if (!flow.passive) return;
    const connection = this.#connection(flow);
    const service = this.#services.get(flow.localPort);
    if (service === undefined) {
      connection.abort();
      return;
    }
    flow.handler = service(connection, { address: flow.remoteAddress, port: flow.remotePort });
    deliver(flow);
  }

  #ended(flow: Flow): void {
    const { counters } = this;
    this.#halfOpen.delete(flow);
    if (this.#timeWait.delete(flow)) {
      counters.flowsInTimeWait -= 1;
    } else {
      counters.flowsOpen -= 1;
      this.#countOfPeer(flow.remoteAddress, -1);
    }
    if (flow.state === "TIME-WAIT") {
      this.#timeWait.add(flow);
      counters.flowsInTimeWait += 1;
      this.#boundTimeWait();
      return;
    }
    const flows = this.#flows.get(flow.localPort);
    flows?.delete(peerKey(flow.remoteAddress, flow.remotePort));
    if (flows?.size === 0) this.#flows.delete(flow.localPort);
  }

  #boundTimeWait(): void {
    if (this.#timeWait.size <= this.#context.settings.maxTimeWait) return;
    for (const oldest of this.#timeWait) {
      this.counters.dropped.timeWaitFull += 1;
      closeFlow(oldest, "finished");
      return;
    }
  }

  #addFlow(passive: boolean, localPort: number, address: Ipv4Address, port: number): Flow {
    const random = this.#random(8);
    const flow = createFlow(
      this.#context,
      passive,
      localPort,
      address,
      port,
      word(random, 0),
      word(random, 4),
    );
    let flows = this.#flows.get(localPort);
    if (flows === undefined) {
      flows = new Map();
      this.#flows.set(localPort, flows);
    }
    flows.set(peerKey(address, port), flow);
    this.counters.flowsOpened += 1;
    this.counters.flowsOpen += 1;
    this.#countOfPeer(address, 1);
    return flow;
  }

  #connection(flow: Flow): Connection {
    return new Connection(flow, (step) => this.#step(step));
  }

  #isFull(address: Ipv4Address): boolean {
    const { maxFlows, maxFlowsPerPeer } = this.#context.settings;
    return this.counters.flowsOpen >= maxFlows || (this.#flowsOfPeer.get(address) ?? 0) >= maxFlowsPerPeer;
  }

  #countOfPeer(address: Ipv4Address, change: number): void {
    const count = (this.#flowsOfPeer.get(address) ?? 0) + change;
    if (count === 0) this.#flowsOfPeer.delete(address);
    else this.#flowsOfPeer.set(address, count);
  }

  #freePort(peer: StreamPeer): number {
    const random = this.#random(2);
    const start = (random[0]! << 8) | random[1]!;
    for (let tried = 0; tried < EPHEMERAL_PORTS; tried += 1) {
      const port = FIRST_EPHEMERAL_PORT + ((start + tried) % EPHEMERAL_PORTS);
      const taken = this.#flows.get(port)?.has(peerKey(peer.address, peer.port)) ?? false;
      if (!taken && !this.#services.has(port)) return port;
    }
    throw new TcpError("NO-FREE-PORT", "No local port is free: close some connections.");
  }
}

/** A remote address and port as one number: 48 bits fit. */
function peerKey(address: Ipv4Address, port: number): number {
  return address * 65536 + port;
}

function word(bytes: Uint8Array, at: number): number {
  return ((bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!) >>> 0;
}
