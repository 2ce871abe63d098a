import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { etherType, serializeEthernet } from "../ethernet/ethernet.ts";
import { type Ipv4Packet, ipProtocol, serializeIpv4Packet } from "../ipv4/packet.ts";
import { parseNearFrame } from "./near-frames.ts";

const SERVER = 0x0a560001;
const GUEST = 0x0a560064;

/** The header of a TCP segment from port 40000, without a checksum: that is for the endpoint to look at. */
function segment({ port = 10809, flags = 0x10 } = {}): Uint8Array {
  const bytes = new Uint8Array(20);
  const view = new DataView(bytes.buffer);
  view.setUint16(0, 40_000);
  view.setUint16(2, port);
  bytes[12] = 5 << 4;
  bytes[13] = flags;
  return bytes;
}

function frame(packet: Partial<Ipv4Packet> = {}, type: number = etherType.ipv4): Uint8Array {
  const payload = serializeIpv4Packet({
    source: GUEST,
    destination: SERVER,
    protocol: ipProtocol.tcp,
    timeToLive: 64,
    typeOfService: 0,
    identification: 1,
    dontFragment: true,
    moreFragments: false,
    fragmentOffset: 0,
    payload: segment(),
    ...packet,
  });
  return serializeEthernet({ destination: 0x02_6e_72_00_00_01, source: 0x00_22_15_01_02_03, type, payload });
}

describe("a frame that is for the gateway near the guest", () => {
  it("is a TCP segment to the boot server's NBD port, and says where it came from", () => {
    expect(parseNearFrame(frame(), SERVER)).toEqual({
      guestMac: 0x00_22_15_01_02_03,
      serverMac: 0x02_6e_72_00_00_01,
      guest: GUEST,
      guestPort: 40_000,
      opens: false,
      segment: segment(),
    });
    const syn = frame({ payload: segment({ flags: 0x02 }) });
    expect(parseNearFrame(syn, SERVER)?.opens).toBe(true);
  });

  it.each([
    ["for another port", frame({ payload: segment({ port: 10810 }) })],
    ["for another address", frame({ destination: SERVER + 1 })],
    ["of UDP", frame({ protocol: ipProtocol.udp })],
    ["of AoE", frame({}, etherType.aoe)],
    ["a first fragment", frame({ moreFragments: true })],
    ["a later fragment", frame({ fragmentOffset: 8 })],
    ["cut off", frame().subarray(0, 53)],
    ["with a broken header", frame().fill(0xff, 24, 26)],
  ])("is none that is %s", (_, other) => {
    expect(parseNearFrame(other, SERVER)).toBeUndefined();
  });

  it("is looked for in anything without a throw", () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => void parseNearFrame(bytes, SERVER)));
    const flip = fc.tuple(fc.nat(frame().length - 1), fc.nat(255));
    fc.assert(
      fc.property(fc.array(flip), (flips) => {
        const bytes = frame();
        for (const [at, octet] of flips) bytes[at] = octet;
        parseNearFrame(bytes, SERVER);
      }),
    );
  });
});
