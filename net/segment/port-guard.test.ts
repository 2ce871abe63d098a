import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { arpOperation, parseArp, serializeArp } from "../arp/arp.ts";
import { bootpOperation, dhcpPort, serializeDhcp } from "../dhcp/message.ts";
import { etherType, parseEthernet, serializeEthernet } from "../ethernet/ethernet.ts";
import { bytes, zeros } from "../ethernet/fixture.ts";
import { BROADCAST_MAC, type MacAddress, writeMac } from "../ethernet/mac.ts";
import { type Ipv4Address, parseIpv4 } from "../ipv4/address.ts";
import { ipProtocol, parseIpv4Packet, serializeIpv4Packet } from "../ipv4/packet.ts";
import { serializeUdp } from "../udp/udp.ts";
import { Occupants } from "./occupants.ts";
import { type GuardReason, PortGuard } from "./port-guard.ts";

const SERVER_MAC = 0x02_00_00_00_00_01;
const ONE = 0x02_00_00_00_00_11;
const TWO = 0x02_00_00_00_00_22;
const address = (text: string) => parseIpv4(text)!;
const SERVER = address("10.86.0.1");
const FIRST = address("10.86.0.100");
const SECOND = address("10.86.0.101");

interface PacketFields {
  mac?: MacAddress;
  source?: Ipv4Address;
  destination?: Ipv4Address;
  protocol?: number;
  payload?: Uint8Array;
  fragmentOffset?: number;
}

function packet(fields: PacketFields = {}): Uint8Array {
  const {
    mac = ONE,
    source = FIRST,
    destination = SERVER,
    protocol = ipProtocol.icmp,
    payload = new Uint8Array(8),
  } = fields;
  const bytes = serializeIpv4Packet({
    source,
    destination,
    protocol,
    timeToLive: 64,
    typeOfService: 0,
    identification: 0,
    dontFragment: false,
    moreFragments: false,
    fragmentOffset: fields.fragmentOffset ?? 0,
    payload,
  });
  return serializeEthernet({ source: mac, destination: SERVER_MAC, type: etherType.ipv4, payload: bytes });
}

function datagram(
  sourcePort: number,
  destinationPort: number,
  fields: PacketFields & { message?: Uint8Array } = {},
) {
  const { source = FIRST, destination = SERVER, message = new Uint8Array(4) } = fields;
  const payload = serializeUdp({ sourcePort, destinationPort, payload: message }, source, destination);
  return packet({ ...fields, protocol: ipProtocol.udp, payload });
}

function discover(fields: PacketFields & { hardware?: MacAddress; relayAddress?: Ipv4Address } = {}) {
  const clientHardware = new Uint8Array(6);
  writeMac(clientHardware, 0, fields.hardware ?? ONE);
  const message = serializeDhcp({
    operation: bootpOperation.request,
    hardwareType: 1,
    hops: 0,
    transactionId: 1,
    seconds: 0,
    broadcast: true,
    clientAddress: 0,
    yourAddress: 0,
    serverAddress: 0,
    relayAddress: fields.relayAddress ?? 0,
    clientHardware,
    serverName: "",
    bootFile: "",
    options: { messageType: 1 },
  });
  return datagram(dhcpPort.client, dhcpPort.server, {
    source: 0,
    destination: 0xffffffff,
    message,
    ...fields,
  });
}

function arp(
  senderMac: MacAddress,
  senderAddress: Ipv4Address,
  mac = ONE,
  operation: number = arpOperation.request,
) {
  const payload = serializeArp({ operation, senderMac, senderAddress, targetMac: 0, targetAddress: SERVER });
  return serializeEthernet({ source: mac, destination: BROADCAST_MAC, type: etherType.arp, payload });
}

/** A segment with two clients, neither of whom has said anything. */
function lab({ aoe = false, dhcpOnSegment = false } = {}) {
  const occupants = new Occupants();
  const guard = () => {
    const occupant = occupants.join();
    const reasons: GuardReason[] = [];
    const guard = new PortGuard({
      occupant,
      address: SERVER,
      prefixLength: 24,
      serverMacs: [SERVER_MAC],
      aoe,
      dhcpOnSegment,
      dropped: (reason) => reasons.push(reason),
    });
    return { occupant, reasons, counters: guard.counters, judge: (frame: Uint8Array) => guard.judge(frame) };
  };
  return { occupants, one: guard(), two: guard() };
}

describe("a client's MAC address", () => {
  it("is the first that it uses, and no other afterwards", () => {
    const { one } = lab();
    expect(one.judge(packet())).toBe("segment");
    expect(one.judge(packet({ mac: TWO }))).toBeUndefined();
    expect(one.judge(packet())).toBe("segment");
    expect(one.reasons).toEqual(["sourceMac"]);
    expect(one.counters.sourceMac).toBe(1);
  });

  it("is not what a frame says that makes no sense", () => {
    const { one } = lab();
    one.judge(packet({ mac: TWO }).slice(0, 30));
    one.judge(packet({ mac: TWO, source: SERVER }));
    expect(one.occupant.mac).toBeUndefined();
    expect(one.judge(packet())).toBe("segment");
  });

  it("is the one that was assigned, where one was", () => {
    const { one } = lab();
    one.occupant.takeMac(TWO);
    expect(one.judge(packet())).toBeUndefined();
    expect(one.judge(packet({ mac: TWO }))).toBe("segment");
    expect(one.reasons).toEqual(["sourceMac"]);
  });

  it("is neither the boot server's nor another client's, nor a group's", () => {
    const { one, two } = lab();
    one.judge(packet());
    for (const mac of [SERVER_MAC, ONE, 0x01_00_5e_00_00_01]) {
      expect(two.judge(packet({ mac, source: SECOND }))).toBeUndefined();
    }
    expect(two.reasons).toEqual(["asServer", "takenMac", "malformed"]);
    expect(two.judge(packet({ mac: TWO, source: SECOND }))).toBe("segment");
  });

  it("is free again when the client is gone", () => {
    const { one, two } = lab();
    one.judge(packet());
    one.occupant.leave();
    expect(two.judge(packet())).toBe("segment");
  });
});

describe("a client's IPv4 address", () => {
  it("is the first that it takes by itself, as a static ip= does", () => {
    const { one } = lab();
    expect(one.judge(packet({ source: SECOND }))).toBe("segment");
    expect(one.judge(packet({ source: FIRST }))).toBeUndefined();
    expect(one.reasons).toEqual(["sourceAddress"]);
    expect(one.occupant.address).toBe(SECOND);
  });

  it("is the one that was leased to it, also after it had taken another", () => {
    const { one, occupants } = lab();
    one.judge(packet({ source: FIRST }));
    occupants.assign(ONE, SECOND);
    expect(one.judge(packet({ source: FIRST }))).toBeUndefined();
    expect(one.judge(packet({ source: SECOND }))).toBe("segment");
    expect(one.reasons).toEqual(["sourceAddress"]);
  });

  it("is not one that another client has, leased or taken", () => {
    const { one, two, occupants } = lab();
    one.judge(packet());
    two.judge(arp(TWO, 0, TWO));
    expect(two.judge(packet({ mac: TWO, source: FIRST }))).toBeUndefined();
    occupants.assign(ONE, SECOND);
    expect(two.judge(packet({ mac: TWO, source: SECOND }))).toBeUndefined();
    expect(two.reasons).toEqual(["takenAddress", "takenAddress"]);
    expect(two.judge(packet({ mac: TWO, source: FIRST }))).toBe("segment");
  });

  it("is never leased away from under another client", () => {
    const { one, two, occupants } = lab();
    one.judge(packet());
    two.judge(arp(TWO, 0, TWO));
    expect(occupants.mayHave(TWO, FIRST)).toBe(false);
    occupants.assign(TWO, FIRST);
    expect([one.occupant.address, two.occupant.address]).toEqual([FIRST, undefined]);
  });

  it.each([
    "10.86.0.0",
    "10.86.0.255",
    "10.86.1.100",
    "127.0.0.1",
    "169.254.1.1",
    "224.0.0.1",
    "255.255.255.255",
  ])("is not %s", (text) => {
    const { one } = lab();
    expect(one.judge(packet({ source: address(text) }))).toBeUndefined();
    expect(one.reasons).toEqual(["strayAddress"]);
  });

  it("is not the boot server's", () => {
    const { one } = lab();
    expect(one.judge(packet({ source: SERVER }))).toBeUndefined();
    expect(one.judge(arp(ONE, SERVER))).toBeUndefined();
    expect(one.counters.asServer).toBe(2);
  });

  it("may be none yet, to ask for one and for nothing else", () => {
    const { one } = lab();
    expect(one.judge(discover())).toBe("server");
    expect(one.judge(packet({ source: 0 }))).toBeUndefined();
    expect(one.judge(datagram(68, 53, { source: 0 }))).toBeUndefined();
    expect(one.reasons).toEqual(["strayAddress", "strayAddress"]);
    expect(one.occupant.address).toBeUndefined();
  });
});

describe("ARP", () => {
  it("passes from the client itself, and gives it its address", () => {
    const { one } = lab();
    expect(one.judge(arp(ONE, 0))).toBe("segment");
    expect(one.judge(arp(ONE, FIRST))).toBe("segment");
    expect(one.occupant.address).toBe(FIRST);
    expect(one.judge(arp(ONE, FIRST, ONE, arpOperation.reply))).toBe("segment");
  });

  it("does not pass in another's name", () => {
    const { one, two } = lab();
    one.judge(packet());
    expect(two.judge(arp(ONE, FIRST, TWO, arpOperation.reply))).toBeUndefined();
    expect(two.judge(arp(TWO, FIRST, TWO, arpOperation.reply))).toBeUndefined();
    expect(two.judge(arp(SERVER_MAC, SECOND, TWO))).toBeUndefined();
    expect(two.judge(arp(TWO, SECOND, TWO, 3))).toBeUndefined();
    expect(two.reasons).toEqual(["arpSender", "takenAddress", "arpSender", "arpSender"]);
  });
});

describe("DHCP", () => {
  it("goes to the boot server only, broadcast or not", () => {
    const { one } = lab();
    expect(one.judge(discover())).toBe("server");
    expect(one.judge(discover({ source: FIRST, destination: SERVER }))).toBe("server");
  });

  it("is asked of the segment where its server stands there", () => {
    const { one } = lab({ dhcpOnSegment: true });
    expect(one.judge(discover())).toBe("segment");
    expect(one.judge(discover({ source: FIRST, destination: SERVER }))).toBe("segment");
    expect(one.occupant.address).toBe(FIRST);
    expect(one.judge(discover({ hardware: TWO }))).toBeUndefined();
    expect(one.judge(datagram(1000, 1000, { source: 0 }))).toBeUndefined();
    expect(one.reasons).toEqual(["dhcpOfAnother", "strayAddress"]);
  });

  it("is not served by a client", () => {
    const { one } = lab();
    expect(
      one.judge(datagram(dhcpPort.server, dhcpPort.client, { destination: 0xffffffff })),
    ).toBeUndefined();
    expect(one.reasons).toEqual(["dhcpServer"]);
  });

  it("is not asked for another station", () => {
    const { one } = lab();
    expect(one.judge(discover({ hardware: TWO }))).toBeUndefined();
    expect(one.judge(discover({ relayAddress: FIRST }))).toBeUndefined();
    expect(one.reasons).toEqual(["dhcpOfAnother", "dhcpOfAnother"]);
  });

  it("cannot hide its ports in a fragment", () => {
    const { one } = lab();
    const short = packet({ protocol: ipProtocol.udp, payload: Uint8Array.of(0, 67, 0) });
    expect(one.judge(short)).toBeUndefined();
    expect(one.judge(datagram(1000, dhcpPort.server))).toBeUndefined();
    expect(one.reasons).toEqual(["malformed", "malformed"]);
    // Later fragments have no ports; what is in their place is data.
    const later = packet({
      protocol: ipProtocol.udp,
      payload: Uint8Array.of(0, 67, 0, 68),
      fragmentOffset: 8,
    });
    expect(one.judge(later)).toBe("segment");
  });
});

describe("other frames", () => {
  const frame = (type: number) =>
    serializeEthernet({ source: ONE, destination: BROADCAST_MAC, type, payload: new Uint8Array(46) });

  it("do not pass", () => {
    const { one } = lab();
    expect(one.judge(frame(etherType.ipv6))).toBeUndefined();
    expect(one.judge(frame(etherType.aoe))).toBeUndefined();
    expect(one.judge(frame(etherType.vlan))).toBeUndefined();
    expect(one.reasons).toEqual(["ipv6", "etherType", "etherType"]);
  });

  it("of IPv6 pass when they ask for a router, to the boot server only", () => {
    const { one } = lab();
    const solicitation = bytes(
      "33 33 00 00 00 02 02 00 00 00 00 11 86 dd", // all routers, the client, IPv6
      "60 00 00 00 00 08 3a ff", // 8 bytes of ICMPv6, hop limit
      zeros(16),
      "ff02 0000 0000 0000 0000 0000 0000 0002",
      "85 00 7b b8 00 00 00 00", // router solicitation, code, checksum
    );
    expect(one.judge(solicitation)).toBe("server");
    solicitation[54] = 134;
    expect(one.judge(solicitation)).toBeUndefined();
    expect(one.reasons).toEqual(["ipv6"]);
  });

  it("of AoE pass where the segment has it: requests, and nothing that a target says", () => {
    const { one } = lab({ aoe: true });
    const request = frame(etherType.aoe);
    expect(one.judge(request)).toBe("segment");
    const response = request.slice();
    response[14] = 0x18;
    expect(one.judge(response)).toBeUndefined();
    expect(one.reasons).toEqual(["aoeTarget"]);
  });

  it("are counted as malformed when they are too short for what they are", () => {
    const { one } = lab();
    for (const whole of [packet(), arp(ONE, FIRST)]) {
      for (const length of [0, 13, 14, 33]) expect(one.judge(whole.slice(0, length))).toBeUndefined();
    }
    expect(one.counters.malformed).toBe(8);
  });
});

describe("whatever two clients send", () => {
  const mac = fc.constantFrom(ONE, TWO, SERVER_MAC, 0x02_00_00_00_00_33, BROADCAST_MAC);
  const ip = fc.constantFrom(
    FIRST,
    SECOND,
    SERVER,
    0,
    0xffffffff,
    address("10.86.0.7"),
    address("127.0.0.1"),
  );
  const frame = fc.oneof(
    fc.uint8Array({ maxLength: 80 }),
    fc.record({ mac, source: ip, destination: ip }).map(packet),
    fc.record({ mac, source: ip, hardware: mac }).map(discover),
    fc.tuple(mac, ip, mac, fc.constantFrom(1, 2, 3)).map((fields) => arp(...fields)),
    fc
      .tuple(fc.constantFrom(67, 68, 53), fc.constantFrom(67, 68, 53), fc.record({ mac, source: ip }))
      .map((fields) => datagram(...fields)),
  );
  const step = fc.oneof(
    { weight: 8, arbitrary: fc.record({ from: fc.constantFrom(0, 1), frame }) },
    { weight: 1, arbitrary: fc.record({ assign: mac, address: fc.constantFrom(FIRST, SECOND) }) },
  );

  it("each is one station, neither is the other or the boot server, and every frame is passed or counted", () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const { occupants, one, two } = lab();
        const clients = [one, two];
        const macs = [new Set<number>(), new Set<number>()];
        const dropped = [0, 0];
        for (const step of steps) {
          if ("assign" in step) {
            if (occupants.mayHave(step.assign, step.address)) occupants.assign(step.assign, step.address);
            continue;
          }
          const client = clients[step.from]!;
          if (client.judge(step.frame) === undefined) {
            dropped[step.from]!++;
            continue;
          }
          const sender = senderOf(step.frame);
          macs[step.from]!.add(sender.mac);
          expect(sender.mac).not.toBe(SERVER_MAC);
          expect([0, client.occupant.address]).toContain(sender.address);
        }
        for (const seen of macs) expect(seen.size).toBeLessThanOrEqual(1);
        const [a, b] = [one.occupant, two.occupant];
        if (a.mac !== undefined) expect(a.mac).not.toBe(b.mac);
        if (a.address !== undefined) expect(a.address).not.toBe(b.address);
        const counted = clients.map(({ counters }) => Object.values(counters).reduce((sum, n) => sum + n, 0));
        expect(counted).toEqual(dropped);
      }),
      { numRuns: 1000 },
    );
  });
});

/** Who a frame says it is from, read by the protocols' own parsers. */
function senderOf(frame: Uint8Array): { mac: MacAddress; address: Ipv4Address } {
  const ethernet = parseEthernet(frame);
  if (ethernet.kind === "malformed") throw new Error("no frame");
  const { source: mac, type, payload } = ethernet;
  if (type === etherType.arp) {
    const message = parseArp(payload);
    if (message.kind === "malformed") throw new Error("no ARP");
    expect(message.senderMac).toBe(mac);
    return { mac, address: message.senderAddress };
  }
  expect(type).toBe(etherType.ipv4);
  const ip = parseIpv4Packet(payload);
  if (ip.kind === "malformed") throw new Error("no IPv4");
  return { mac, address: ip.source };
}
