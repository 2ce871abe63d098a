import type { Clock } from "../clock.ts";
import { UNSPECIFIED_ADDRESS } from "../ipv4/address.ts";
import type { Ipv4Arrival, Ipv4Interface } from "../ipv4/interface.ts";
import { IPV4_HEADER_BYTES, ipProtocol } from "../ipv4/packet.ts";
import { RateLimit } from "../rate-limit.ts";
import { type IcmpMessage, icmpLength, parseIcmp, writeIcmp } from "./icmp.ts";

/** RFC 1812 section 4.3.2.8: how often we complain is bounded; whoever asks in vain hears nothing. */
const ERROR_BURST = 20;
const ERRORS_PER_SECOND = 10;
/** RFC 792: the header and the first 8 bytes of what it carried; every stack finds its socket with that. */
const QUOTED_PAYLOAD_BYTES = 8;

export interface IcmpCounters {
  echoReplies: number;
  unreachableSent: number;
  /** Errors that were not sent because there were too many. */
  unreachableLimited: number;
  /** Messages that ask for nothing. */
  ignored: number;
  malformed: number;
  /** Echo requests whose reply would not fit the MTU. */
  oversized: number;
}

/** Answers echo requests and reports what cannot be delivered. */
export class IcmpService {
  readonly counters: IcmpCounters = {
    echoReplies: 0,
    unreachableSent: 0,
    unreachableLimited: 0,
    ignored: 0,
    malformed: 0,
    oversized: 0,
  };
  readonly #output: Ipv4Interface;
  readonly #clock: Clock;
  readonly #errors: RateLimit;

  constructor(output: Ipv4Interface, clock: Clock) {
    this.#output = output;
    this.#clock = clock;
    this.#errors = new RateLimit(ERROR_BURST, ERRORS_PER_SECOND, clock.now());
  }

  receive(arrival: Ipv4Arrival): void {
    const message = parseIcmp(arrival.packet.payload);
    if (message.kind === "malformed") {
      this.counters.malformed++;
    } else if (message.kind !== "echo-request" || arrival.broadcast || !hasSender(arrival)) {
      // RFC 1122 section 3.2.2.6: an echo request to everyone may be ignored.
      this.counters.ignored++;
    } else if (IPV4_HEADER_BYTES + icmpLength(message) > this.#output.mtu) {
      this.counters.oversized++;
    } else {
      this.counters.echoReplies++;
      this.#send(arrival, { ...message, kind: "echo-reply" });
    }
  }

  /** Tells the sender that its packet goes nowhere, unless it was sent to everyone, or there was too much of that lately. */
  unreachable(arrival: Ipv4Arrival, code: number): void {
    if (arrival.broadcast || !hasSender(arrival) || isIcmpError(arrival)) return;
    if (!this.#errors.take(this.#clock.now())) {
      this.counters.unreachableLimited++;
      return;
    }
    const { payload } = arrival.packet;
    const quoted =
      payload.byteOffset - arrival.bytes.byteOffset + Math.min(payload.length, QUOTED_PAYLOAD_BYTES);
    this.counters.unreachableSent++;
    this.#send(arrival, {
      kind: "destination-unreachable",
      code,
      nextHopMtu: 0,
      original: arrival.bytes.subarray(0, quoted),
    });
  }

  #send({ packet, mac }: Ipv4Arrival, message: IcmpMessage): void {
    this.#output.sendTo(mac, ipProtocol.icmp, packet.source, icmpLength(message), (frame, offset) =>
      writeIcmp(frame, offset, message),
    );
  }
}

function hasSender({ packet }: Ipv4Arrival): boolean {
  return packet.source !== UNSPECIFIED_ADDRESS;
}

/** RFC 1122 section 3.2.2: never an error about an error. Anything but an echo request may be one. */
function isIcmpError({ packet }: Ipv4Arrival): boolean {
  return packet.protocol === ipProtocol.icmp && packet.payload[0] !== 8;
}
