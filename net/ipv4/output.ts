import type { Ipv4Address } from "./address.ts";

/**
 * How a transport protocol sends: the IPv4 layer reserves a whole frame, `fill` writes the payload into it in place, and
 * the frame goes out. No payload is copied twice.
 */
export interface Ipv4Output {
  /** Our own address on the segment. */
  readonly address: Ipv4Address;
  /** Largest IPv4 packet in bytes, header included. */
  readonly mtu: number;
  /** Largest packet that TCP may send as a large segment (`large-segment.ts`); absent where nobody cuts them. */
  readonly largePacketBytes?: number;
  /**
   * Sends `length` payload bytes to `destination`. `fill` is called once, synchronously, with the frame and the offset at
   * which the payload starts. A large segment says how many `packets` it is cut into, each of which has an identification of
   * its own.
   */
  send(
    protocol: number,
    destination: Ipv4Address,
    length: number,
    fill: (frame: Uint8Array, offset: number) => void,
    packets?: number,
  ): void;
}
