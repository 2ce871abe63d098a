import fc from "fast-check";
import { expect, test } from "vitest";
import { etherType, serializeEthernet } from "../../net/ethernet/ethernet.ts";
import { ipProtocol, serializeIpv4Packet } from "../../net/ipv4/packet.ts";
import { NBD_PORT } from "../../net/nbd/constants.ts";
import { ACK, NO_OPTIONS, RST, SYN, serializeSegment } from "../../net/tcp/wire.ts";
import { asksForRoot } from "./root-request.ts";
import { RootRequestHold } from "./root-request-hold.ts";

const GUEST = 0x0a560064;
const SERVER = 0x0a560001;

function tcp(destinationPort: number, flags: number): Uint8Array {
  const fields = { sequence: 1, acknowledgment: 0, window: 1000, options: NO_OPTIONS };
  const payload = serializeSegment(
    { sourcePort: 45000, destinationPort, flags, payload: new Uint8Array(0), ...fields },
    GUEST,
    SERVER,
  );
  const packet = serializeIpv4Packet({
    source: GUEST,
    destination: SERVER,
    protocol: ipProtocol.tcp,
    timeToLive: 64,
    typeOfService: 0,
    identification: 1,
    dontFragment: true,
    moreFragments: false,
    fragmentOffset: 0,
    payload,
  });
  return serializeEthernet({ destination: 1, source: 2, type: etherType.ipv4, payload: packet });
}

const syn = tcp(NBD_PORT, SYN);
const other = tcp(80, SYN);
const aoe = serializeEthernet({
  destination: 1,
  source: 2,
  type: etherType.aoe,
  payload: new Uint8Array(46),
});

test("a root is asked for by a SYN to an export, or by AoE", () => {
  expect([syn, aoe].map(asksForRoot)).toEqual([true, true]);
  const others = [other, tcp(NBD_PORT, ACK), tcp(NBD_PORT, SYN | ACK), tcp(NBD_PORT, RST), syn.slice(0, 40)];
  expect(others.map(asksForRoot)).toEqual(others.map(() => false));
});

test("no frame makes it throw", () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 100 }), (frame) => void asksForRoot(frame)));
  fc.assert(
    fc.property(fc.nat(syn.length - 1), fc.nat(255), (at, byte) => void asksForRoot(syn.with(at, byte))),
  );
});

test("what comes before the request passes; the request and what follows waits, in its order", () => {
  const passed: Uint8Array[] = [];
  const hold = new RootRequestHold((frame) => passed.push(frame));
  let asked = 0;
  hold.watch(() => {
    asked += 1;
  });
  for (const frame of [other, syn, other, syn]) hold.fromGuest(frame);
  expect(asked).toBe(1);
  expect(passed).toEqual([other]);
  expect(hold.held).toEqual([syn, other, syn]);
  hold.release();
  expect(passed).toEqual([other, syn, other, syn]);
  // It asks once: the guest's second server is no second checkpoint.
  hold.fromGuest(syn);
  expect(passed).toHaveLength(5);
  expect(asked).toBe(1);
});

test("nothing is held unless somebody watches", () => {
  const passed: Uint8Array[] = [];
  const hold = new RootRequestHold((frame) => passed.push(frame));
  hold.fromGuest(syn);
  expect(passed).toEqual([syn]);
});

test("what a checkpoint held comes first, and only so much is held", () => {
  const passed: Uint8Array[] = [];
  const hold = new RootRequestHold((frame) => passed.push(frame));
  hold.hold([syn]);
  for (let frames = 0; frames < 300; frames += 1) hold.fromGuest(other);
  expect([hold.held.length, hold.dropped]).toEqual([256, 45]);
  hold.release();
  expect(passed[0]).toBe(syn);
  expect(passed).toHaveLength(256);
});
