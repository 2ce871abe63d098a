import type { Timed } from "../../net/clock.ts";
import { dhcpPort, parseDhcp } from "../../net/dhcp/message.ts";
import { dhcpMessageType } from "../../net/dhcp/options.ts";
import { type Ipv4Packet, ipProtocol, isFragment } from "../../net/ipv4/packet.ts";
import { parseUdp } from "../../net/udp/udp.ts";
import type { Problem } from "../interface.ts";
import { dhcpSilent } from "./boot-problems.ts";

/** Clients ask again after 4 s and after 8 s more (RFC 2131, section 4.1): by then they have asked three times. */
const PATIENCE_MS = 15_000;

/** Notices a guest that asks for an address and is not answered. */
export class DhcpWatch implements Timed {
  readonly #problem: (problem: Problem) => void;
  #asked = 0;
  #dueMs = Number.POSITIVE_INFINITY;

  constructor(problem: (problem: Problem) => void) {
    this.#problem = problem;
  }

  fromGuest(packet: Ipv4Packet, nowMs: number): void {
    if (messageType(packet, dhcpPort.server) !== dhcpMessageType.discover) return;
    this.#asked += 1;
    if (this.#asked === 1) this.#dueMs = nowMs + PATIENCE_MS;
  }

  toGuest(packet: Ipv4Packet): void {
    if (this.#asked === 0 || messageType(packet, dhcpPort.client) === undefined) return;
    this.#asked = 0;
    this.#dueMs = Number.POSITIVE_INFINITY;
  }

  deadline(): number {
    return this.#dueMs;
  }

  advance(nowMs: number): void {
    if (nowMs < this.#dueMs) return;
    this.#dueMs = Number.POSITIVE_INFINITY;
    this.#problem(dhcpSilent(this.#asked));
  }
}

/** Of a DHCP message to this port. */
function messageType(packet: Ipv4Packet, port: number): number | undefined {
  if (packet.protocol !== ipProtocol.udp || isFragment(packet)) return undefined;
  const datagram = parseUdp(packet.payload, packet.source, packet.destination);
  if (datagram.kind !== "udp" || datagram.destinationPort !== port) return undefined;
  const message = parseDhcp(datagram.payload);
  return message.kind === "dhcp" ? message.options.messageType : undefined;
}
