import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ETHERNET_HEADER_BYTES } from "../ethernet/ethernet.ts";
import { fakeClock, zeros } from "../ethernet/fixture.ts";
import { Ipv4Interface } from "../ipv4/interface.ts";
import { type Ipv4Packet, parseIpv4Packet } from "../ipv4/packet.ts";
import { LARGEST_DATAGRAM_BYTES, UdpServices } from "./services.ts";
import { parseUdp } from "./udp.ts";

const OURS = 0x0a560001;
const THEIRS = 0x0a560064;

function station(mtu: number) {
  const packets: Ipv4Packet[] = [];
  const output = new Ipv4Interface({
    mac: 2,
    address: OURS,
    prefixLength: 24,
    mtu,
    clock: fakeClock(),
    random: zeros,
    transmit: (frame) => {
      const packet = parseIpv4Packet(frame.subarray(ETHERNET_HEADER_BYTES));
      if (packet.kind === "malformed") throw new Error(packet.reason);
      packets.push(packet);
    },
    receive: () => {},
    unroutable: () => {},
  });
  return { udp: new UdpServices(output), packets };
}

const destination = { address: THEIRS, port: 2000, mac: 4 };

describe("a large datagram", () => {
  it("arrives in packets that every card takes", () => {
    const length = fc.oneof(
      fc.integer({ min: 0, max: LARGEST_DATAGRAM_BYTES }),
      fc.constantFrom(1472, 1473, 2952, 2953),
    );
    fc.assert(
      fc.property(length, fc.constantFrom(576, 1500, 9000, 65_000), (length, mtu) => {
        const { udp, packets } = station(mtu);
        const payload = Uint8Array.from({ length }, (_, at) => at * 7);
        udp.sendLarge(69, destination, payload);
        let end = 0;
        const whole = new Uint8Array(8 + length);
        for (const packet of packets) {
          expect(20 + packet.payload.length).toBeLessThanOrEqual(Math.min(mtu, 1500));
          expect(packet.fragmentOffset).toBe(end);
          expect(packet.identification).toBe(packets[0]!.identification);
          end += packet.payload.length;
          expect(packet.moreFragments).toBe(end < whole.length);
          expect(packet.dontFragment).toBe(packets.length === 1);
          whole.set(packet.payload, packet.fragmentOffset);
        }
        const datagram = parseUdp(whole, OURS, THEIRS);
        expect(datagram).toMatchObject({ kind: "udp", sourcePort: 69, destinationPort: 2000 });
        expect(datagram.kind === "udp" && Buffer.from(datagram.payload).equals(payload)).toBe(true);
      }),
    );
  });

  it("has an end", () => {
    const { udp } = station(1500);
    expect(() => udp.sendLarge(69, destination, zeros(LARGEST_DATAGRAM_BYTES + 1))).toThrow(RangeError);
  });
});
