import type { Timed } from "../clock.ts";
import type { Ipv4Address } from "../ipv4/address.ts";
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
 * What guests may reach: the declared services at our own address, and nothing else. Any other port is answered with a RST
 * and counted (`unknownFlows`); so is a flow over the bounds on flows (`flowsRefused`).
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
