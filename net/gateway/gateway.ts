import type { Timed } from "../clock.ts";
import type { Ipv4Address } from "../ipv4/address.ts";
import type { Ipv4Output } from "../ipv4/output.ts";
import type { StreamService } from "../stream/stream.ts";
import type { TcpCounters } from "../tcp/counters.ts";
import { TcpEndpoint, type TcpEndpointOptions } from "../tcp/endpoint.ts";

/** Something that guests may connect to. */
export interface DeclaredService {
  readonly port: number;
  readonly service: StreamService;
}

export interface GatewayOptions extends TcpEndpointOptions {
  readonly services: readonly DeclaredService[];
}

/**
 * What guests may reach: the declared services at our own address, and nothing else. Any other port, and any other address, is
 * answered with a RST and counted (`unknownFlows`); so is a flow over the bounds on flows (`flowsRefused`).
 */
export class Gateway implements Timed {
  readonly #endpoint: TcpEndpoint;

  /** Throws a `TcpError` when two services name one port. */
  constructor({ services, ...options }: GatewayOptions) {
    this.#endpoint = new TcpEndpoint(options);
    for (const { port, service } of services) this.#endpoint.listen(port, service);
  }

  get counters(): Readonly<TcpCounters> {
    return this.#endpoint.counters;
  }

  /** Takes the payload of one TCP packet to our address. */
  receive(source: Ipv4Address, bytes: Uint8Array): void {
    this.#endpoint.receive(source, bytes);
  }

  /** Answers a TCP packet to `output.address`, somebody else's, with a RST from there. */
  refuse(output: Ipv4Output, source: Ipv4Address, bytes: Uint8Array): void {
    this.#endpoint.refuse(output, source, bytes);
  }

  /** Resets every connection of a guest that is gone. */
  leave(address: Ipv4Address): void {
    this.#endpoint.abortPeer(address);
  }

  /** The way to a guest was cut for a while and is there again. */
  pathRestored(address: Ipv4Address): void {
    this.#endpoint.pathRestored(address);
  }

  deadline(): number {
    return this.#endpoint.deadline();
  }

  advance(nowMs: number): void {
    this.#endpoint.advance(nowMs);
  }

  /** Resets every connection. */
  close(): void {
    this.#endpoint.close();
  }
}
