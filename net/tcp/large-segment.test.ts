import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { etherType, parseEthernet, writeEthernetHeader } from "../ethernet/ethernet.ts";
import { readU32 } from "../ethernet/octets.ts";
import { Ipv4Interface } from "../ipv4/interface.ts";
import { ipProtocol, parseIpv4Packet } from "../ipv4/packet.ts";
import { TcpEndpoint } from "./endpoint.ts";
import { cutLargeFrame } from "./large-segment.ts";
import { LEFT, Recorder, RIGHT, seededBytes } from "./simulated-link.ts";
import { ACK, FIN, NO_OPTIONS, PSH, parseSegment, SYN, serializeSegment } from "./wire.ts";

const PEER_MAC = 0x02_00_00_00_00_07;
const PEER_PORT = 40_000;
const PORT = 10_809;
const WINDOW = 65_535;
const PAYLOAD = seededBytes(1)(150_000);

interface Talk {
  readonly octets: number;
  readonly mtu: number;
  readonly mss: number;
  readonly timestamps: boolean;
  readonly ends: boolean;
}

const talks = fc.record<Talk>({
  octets: fc.integer({ min: 1, max: 150_000 }),
  mtu: fc.constantFrom(576, 1500, 9000),
  mss: fc.constantFrom(64, 536, 1200, 1460, 8960),
  timestamps: fc.boolean(),
  ends: fc.boolean(),
});

/** All that our TCP sends to a peer that connects, asks, and acknowledges what came, until it has all. */
function framesOf({ octets, mtu, mss, timestamps, ends }: Talk, largePacketBytes: number): Uint8Array[] {
  const payload = PAYLOAD.subarray(0, octets);
  const frames: Uint8Array[] = [];
  const random = seededBytes(7);
  const clock = { now: () => 1000 };
  const network = new Ipv4Interface({
    mac: 0x02_00_00_00_00_01,
    address: LEFT,
    prefixLength: 24,
    mtu,
    largePacketBytes,
    clock,
    random,
    transmit: (frame) => frames.push(frame),
    receive: () => {},
    unroutable: () => {},
  });
  network.learn(RIGHT, PEER_MAC);
  const settings = { initialWindowSegments: 100_000, nagle: false };
  const endpoint = new TcpEndpoint({ output: network, clock, random, settings });
  const handler = new Recorder();
  endpoint.listen(PORT, (stream) => {
    handler.onData = () => {
      stream.write(payload);
      if (ends) stream.end();
    };
    return handler;
  });
  const says = (flags: number, sequence: number, acknowledgment: number, bytes: Uint8Array) => {
    const options = {
      ...NO_OPTIONS,
      ...(timestamps && { timestamps: { value: 1, echo: 0 } }),
      ...(flags === SYN && { maximumSegmentSize: mss }),
    };
    const segment = {
      sourcePort: PEER_PORT,
      destinationPort: PORT,
      sequence,
      acknowledgment,
      flags,
      window: WINDOW,
      options,
      payload: bytes,
    };
    endpoint.receive(RIGHT, serializeSegment(segment, RIGHT, LEFT));
  };
  says(SYN, 1000, 0, new Uint8Array(0));
  const ours = segmentIn(frames[0]!).sequence + 1;
  says(ACK, 1001, ours, new Uint8Array(0));
  says(ACK | PSH, 1001, ours, Uint8Array.of(1));
  for (let got = 0; got < octets; ) {
    const last = frames.at(-1)!;
    got = readU32(last, 38) + last.length - 34 - (last[46]! >>> 4) * 4 - ours;
    says(ACK, 1002, ours + got, new Uint8Array(0));
  }
  return frames.map((frame) => frame.slice());
}

function segmentIn(frame: Uint8Array) {
  const ethernet = parseEthernet(frame);
  if (ethernet.kind === "malformed") throw new Error(ethernet.reason);
  const packet = parseIpv4Packet(ethernet.payload);
  if (packet.kind === "malformed") throw new Error(packet.reason);
  const segment = parseSegment(packet.payload, packet.source, packet.destination);
  if (segment.kind === "malformed") throw new Error(segment.reason);
  return segment;
}

const cut = (frames: readonly Uint8Array[], mtu: number) =>
  frames.flatMap((frame) => (frame.length <= mtu + 14 ? [frame] : (cutLargeFrame(frame, mtu) ?? [])));

const hex = (frames: readonly Uint8Array[]) => frames.map((frame) => Buffer.from(frame).toString("hex"));

/** The large frame with the last octets and the FIN. */
function large(): Uint8Array {
  const talk = { octets: WINDOW + 3968, mtu: 1500, mss: 1460, timestamps: true, ends: true };
  return framesOf(talk, 49_136).findLast((frame) => frame.length > 1514)!;
}

describe("a large segment", () => {
  it("is cut into the very frames that are sent where nobody cuts", () => {
    fc.assert(
      fc.property(talks, fc.integer({ min: 1500, max: 49_136 }), (talk, largePacketBytes) => {
        const plain = framesOf(talk, talk.mtu);
        const frames = framesOf(talk, largePacketBytes);
        for (const frame of frames)
          expect(frame.length).toBeLessThanOrEqual(Math.max(talk.mtu, largePacketBytes) + 14);
        expect(frames.length).toBeLessThanOrEqual(plain.length);
        expect(hex(cut(frames, talk.mtu))).toEqual(hex(plain));
      }),
      { numRuns: 200 },
    );
  });

  it("is really left uncut by our TCP, and has PSH and FIN on its last piece only", () => {
    const pieces = cutLargeFrame(large(), 1500)!.map(segmentIn);
    expect(pieces.map(({ payload }) => payload.length)).toEqual([1448, 1448, 1448 - 1]);
    expect(pieces.map(({ flags }) => flags)).toEqual([ACK, ACK, ACK | PSH | FIN]);
    const joined = Buffer.concat(pieces.map(({ payload }) => payload));
    expect(joined.equals(PAYLOAD.subarray(WINDOW - (WINDOW % 1448)).subarray(0, joined.length))).toBe(true);
  });

  it("is nothing that is made of octets from the network: cutting never throws, and never makes a frame above the MTU", () => {
    const whole = large();
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat(whole.length - 1), fc.nat(255)), { maxLength: 6 }),
        fc.array(fc.tuple(fc.nat(60), fc.nat(255)), { maxLength: 6 }),
        fc.nat(whole.length),
        (anywhere, headers, length) => {
          const frame = whole.slice(0, length);
          for (const [at, octet] of [...anywhere, ...headers]) if (at < frame.length) frame[at] = octet;
          for (const piece of cutLargeFrame(frame, 1500) ?? []) {
            expect(piece.length).toBeLessThanOrEqual(1514);
            const { payload } = parseEthernet(piece) as { payload: Uint8Array };
            expect(parseIpv4Packet(payload).kind).not.toBe("malformed");
          }
        },
      ),
      { numRuns: 2000 },
    );
  });

  it.each<[string, (frame: Uint8Array) => void]>([
    ["is no IPv4", (frame) => writeEthernetHeader(frame, 1, 2, etherType.arp)],
    ["has IP options", (frame) => frame.fill(0x46, 14, 15)],
    ["is no TCP", (frame) => frame.fill(ipProtocol.udp, 23, 24)],
    ["says another length", (frame) => frame.fill(1, 16, 17)],
    ["is a fragment", (frame) => frame.fill(0x20, 20, 21)],
    ["has a header that cannot be", (frame) => frame.fill(0x40, 46, 47)],
    ["asks for pieces of nothing", (frame) => frame.fill(0, 50, 52)],
    ["asks for pieces above the MTU", (frame) => frame.fill(0x0f, 50, 51)],
  ])("is not cut when it %s", (_why, spoil) => {
    const frame = large();
    expect(cutLargeFrame(frame, 1500)).toHaveLength(3);
    spoil(frame);
    expect(cutLargeFrame(frame, 1500)).toBeUndefined();
  });
});
