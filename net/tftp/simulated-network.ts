// For tests: the server and its clients on a network whose clock, delays and losses are the test's.
import type { Clock, Timed } from "../clock.ts";
import { seededBytes } from "../tcp/simulated-link.ts";
import type { UdpPeer, UdpService } from "../udp/services.ts";
import { parseTftp, serializeTftp, TFTP_PORT, type TftpMessage, type TftpRequest } from "./message.ts";
import { TftpServer, type TftpServerOptions } from "./server.ts";

/** What becomes of one datagram: an arrival for each number, that many milliseconds later. None: it is lost. */
export type Fate = (message: TftpMessage) => readonly number[];

interface Arrival {
  readonly atMs: number;
  readonly order: number;
  readonly deliver: () => void;
}

export const CLIENT_ADDRESS = 0x0a560064;

export class SimulatedNetwork implements Clock {
  readonly #fate: Fate;
  #nowMs = 1000;
  #order = 0;
  readonly #arrivals: Arrival[] = [];
  readonly #ports = new Map<number, UdpService>();
  readonly #machines: Timed[] = [];
  /** By address and port: takes what the server sends there, with the port it was sent from. */
  readonly #clients = new Map<string, (message: TftpMessage, fromPort: number) => void>();
  /** Every datagram of the server, lost ones included. */
  readonly sent: TftpMessage[] = [];
  readonly server: TftpServer;

  constructor(options: Pick<TftpServerOptions, "open" | "transfersPerClient">, fate: Fate = () => [1]) {
    this.#fate = fate;
    this.server = new TftpServer({
      ...options,
      clock: this,
      random: seededBytes(1),
      udp: {
        isBound: (port) => this.#ports.has(port),
        bind: (port, service) => {
          if (this.#ports.has(port)) throw new Error(`Port ${port} is bound twice.`);
          this.#ports.set(port, service);
          return () => this.#ports.delete(port);
        },
        sendLarge: (port, { address, port: to }, payload) => {
          const message = wellFormed(payload);
          this.sent.push(message);
          this.#carry(message, () => this.#clients.get(`${address}:${to}`)?.(message, port));
        },
      },
    });
    this.#machines.push(this.server);
  }

  now(): number {
    return this.#nowMs;
  }

  /** The ports that have a service now. */
  get ports(): number[] {
    return [...this.#ports.keys()];
  }

  attach(machine: Timed): void {
    this.#machines.push(machine);
  }

  /** Takes what the server sends to a port of a client. */
  listen(
    port: number,
    receive: (message: TftpMessage, fromPort: number) => void,
    address = CLIENT_ADDRESS,
  ): void {
    this.#clients.set(`${address}:${port}`, receive);
  }

  /** Sends to the server. */
  send(fromPort: number, toPort: number, message: TftpMessage, address = CLIENT_ADDRESS): void {
    this.#carry(message, () => this.inject(toPort, serializeTftp(message), { address, port: fromPort }));
  }

  /** Delivers any bytes to the server, at once. */
  inject(toPort: number, payload: Uint8Array, from: Partial<UdpPeer> = {}): void {
    const peer = { address: CLIENT_ADDRESS, port: 2000, mac: 2, broadcast: false, ...from };
    this.#ports.get(toPort)?.(payload, peer);
  }

  /** Does what comes next until nothing is under way, or `stop` says so. Throws after far too many steps. */
  async run(stop: () => boolean = () => false): Promise<void> {
    for (let steps = 0; steps < 1_000_000; steps++) {
      await promisesSettled();
      if (stop()) return;
      const next = this.#takeNext();
      const deadlineMs = Math.min(...this.#machines.map((machine) => machine.deadline()));
      const atMs = Math.min(next?.atMs ?? Number.POSITIVE_INFINITY, deadlineMs);
      if (atMs === Number.POSITIVE_INFINITY) return;
      this.#nowMs = Math.max(this.#nowMs, atMs);
      if (next !== undefined && next.atMs <= deadlineMs) {
        this.#arrivals.splice(this.#arrivals.indexOf(next), 1);
        next.deliver();
      } else for (const machine of this.#machines) machine.advance(this.#nowMs);
    }
    throw new Error("The network does not come to rest.");
  }

  #takeNext(): Arrival | undefined {
    let next = this.#arrivals[0];
    for (const each of this.#arrivals) {
      if (each.atMs < next!.atMs || (each.atMs === next!.atMs && each.order < next!.order)) next = each;
    }
    return next;
  }

  #carry(message: TftpMessage, deliver: () => void): void {
    for (const delay of this.#fate(message)) {
      this.#arrivals.push({ atMs: this.#nowMs + delay, order: this.#order++, deliver });
    }
  }
}

/** A client as the RFCs have it, which answers whatever is not what it expects with its last acknowledgement. */
export class SimulatedClient implements Timed {
  readonly #network: SimulatedNetwork;
  readonly #port: number;
  readonly #request: TftpRequest;
  readonly #timeoutMs: number;
  #serverPort: number | undefined;
  #blockBytes = 512;
  #windowBlocks = 1;
  #received = 0;
  #inWindow = 0;
  #last: TftpMessage;
  #deadlineMs: number;
  readonly blocks: Uint8Array[] = [];
  /** What the server agreed to. */
  options: Readonly<Record<string, string>> = {};
  /** The whole file has come. */
  complete = false;
  error: Extract<TftpMessage, { kind: "error" }> | undefined;

  constructor(network: SimulatedNetwork, request: Partial<TftpRequest> = {}, port = 2000, timeoutMs = 1500) {
    this.#network = network;
    this.#port = port;
    this.#request = { kind: "request", operation: "read", path: "f", mode: "octet", options: [], ...request };
    this.#timeoutMs = timeoutMs;
    this.#last = this.#request;
    this.#deadlineMs = network.now() + timeoutMs;
    network.listen(port, (message, from) => this.#receive(message, from));
    network.attach(this);
    network.send(port, TFTP_PORT, this.#request);
  }

  get over(): boolean {
    return this.complete || this.error !== undefined;
  }

  deadline(): number {
    return this.#deadlineMs;
  }

  advance(nowMs: number): void {
    if (nowMs < this.#deadlineMs) return;
    this.#deadlineMs = nowMs + this.#timeoutMs;
    this.#network.send(this.#port, this.#serverPort ?? TFTP_PORT, this.#last);
  }

  #receive(message: TftpMessage, from: number): void {
    this.#serverPort ??= from;
    // Another transfer, begun by a request that came twice.
    if (from !== this.#serverPort || this.error !== undefined) return;
    switch (message.kind) {
      case "option-ack":
        if (this.#received > 0) return;
        this.options = Object.fromEntries(message.options);
        this.#blockBytes = Number(this.options.blksize ?? 512);
        this.#windowBlocks = Number(this.options.windowsize ?? 1);
        this.#acknowledge();
        break;
      case "data":
        this.#take(message.block, message.bytes);
        break;
      case "error":
        if (this.complete) return;
        this.error = message;
        this.#deadlineMs = Number.POSITIVE_INFINITY;
        break;
    }
  }

  #take(block: number, bytes: Uint8Array): void {
    if (this.complete || block !== ((this.#received + 1) & 0xffff)) {
      this.#acknowledge();
      return;
    }
    this.#received++;
    this.#inWindow++;
    this.blocks.push(bytes);
    this.complete = bytes.length < this.#blockBytes;
    if (this.complete || this.#inWindow === this.#windowBlocks) this.#acknowledge();
    else this.#deadlineMs = this.#network.now() + this.#timeoutMs;
    if (this.complete) this.#deadlineMs = Number.POSITIVE_INFINITY;
  }

  #acknowledge(): void {
    this.#inWindow = 0;
    this.#last = { kind: "ack", block: this.#received & 0xffff };
    if (!this.complete) this.#deadlineMs = this.#network.now() + this.#timeoutMs;
    this.#network.send(this.#port, this.#serverPort!, this.#last);
  }
}

function wellFormed(payload: Uint8Array): TftpMessage {
  const message = parseTftp(payload);
  if (message.kind === "malformed") throw new Error(`The server sent nonsense: ${message.reason}.`);
  return message;
}

/** Opening and reading a file takes a few promises. */
async function promisesSettled(): Promise<void> {
  for (let turn = 0; turn < 6; turn++) await undefined;
}
