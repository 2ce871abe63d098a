import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { arpOperation, parseArp, serializeArp } from "../arp/arp.ts";
import type { Timed } from "../clock.ts";
import { parseDhcp, serializeDhcp } from "../dhcp/message.ts";
import { type DhcpOptions, dhcpMessageType } from "../dhcp/options.ts";
import { dnsResponseCode, parseDns, serializeDns } from "../dns/message.ts";
import { etherType, parseEthernet, serializeEthernet } from "../ethernet/ethernet.ts";
import { bytes, fakeClock, zeros } from "../ethernet/fixture.ts";
import { BROADCAST_MAC } from "../ethernet/mac.ts";
import { parseIcmp, serializeIcmp } from "../icmp/icmp.ts";
import { BROADCAST_ADDRESS, parseIpv4 } from "../ipv4/address.ts";
import type { Ipv4Output } from "../ipv4/output.ts";
import { ipProtocol, parseIpv4Packet, serializeIpv4Packet } from "../ipv4/packet.ts";
import { parseUdp, serializeUdp } from "../udp/udp.ts";
import { BootServer, type BootServerOptions } from "./boot-server.ts";
import { leasedRange } from "./range.ts";

const address = (text: string) => parseIpv4(text)!;
const server = address("10.86.0.1");
const guest = address("10.86.0.100");
const serverMac = 0x020000000001;
const guestMac = 0x020000000064;

function lab(options: Partial<BootServerOptions> = {}) {
  const clock = fakeClock();
  const frames: Uint8Array[] = [];
  const station = new BootServer({
    mac: serverMac,
    address: server,
    prefixLength: 24,
    mtu: 1500,
    clock,
    random: zeros,
    transmit: (frame) => frames.push(frame),
    dhcp: { domainName: "netroot.test" },
    ...options,
  });
  return { clock, station, frames, sent: () => frames.splice(0).map(decode) };
}

/** What a frame says, as far as these tests look. */
function decode(frame: Uint8Array) {
  const ethernet = parseEthernet(frame);
  if (ethernet.kind === "malformed") throw new Error("the boot server sent no frame");
  const { destination } = ethernet;
  if (ethernet.type === etherType.arp) return { destination, ...parseArp(ethernet.payload) };
  const packet = parseIpv4Packet(ethernet.payload);
  if (packet.kind === "malformed") throw new Error("the boot server sent no packet");
  const { payload } = packet;
  const to = { destination, address: packet.destination };
  if (packet.protocol === ipProtocol.icmp) return { ...to, ...parseIcmp(payload) };
  if (packet.protocol === ipProtocol.udp) {
    return { ...to, ...parseUdp(payload, packet.source, packet.destination) };
  }
  return { ...to, kind: "packet" as const, protocol: packet.protocol, payload };
}

interface Sending {
  readonly source?: number;
  readonly destination?: number;
  readonly to?: number;
  readonly moreFragments?: boolean;
}

function packet(protocol: number, payload: Uint8Array, sending: Sending = {}): Uint8Array {
  const fields = {
    source: sending.source ?? guest,
    destination: sending.destination ?? server,
    protocol,
    timeToLive: 64,
    typeOfService: 0,
    identification: 1,
    dontFragment: false,
    moreFragments: sending.moreFragments ?? false,
    fragmentOffset: 0,
    payload,
  };
  const ethernet = { destination: sending.to ?? serverMac, source: guestMac, type: etherType.ipv4 };
  return serializeEthernet({ ...ethernet, payload: serializeIpv4Packet(fields) });
}

function udp(destinationPort: number, payload: Uint8Array, sending: Sending = {}): Uint8Array {
  const datagram = { sourcePort: 5000, destinationPort, payload };
  const from = sending.source ?? guest;
  return packet(ipProtocol.udp, serializeUdp(datagram, from, sending.destination ?? server), sending);
}

const ping = (sending: Sending = {}, data = zeros(8)) =>
  packet(ipProtocol.icmp, serializeIcmp({ kind: "echo-request", identifier: 1, sequence: 2, data }), sending);

function arp(
  operation: number,
  senderAddress: number,
  targetAddress: number,
  to = BROADCAST_MAC,
): Uint8Array {
  const payload = serializeArp({
    operation,
    senderMac: guestMac,
    senderAddress,
    targetMac: 0,
    targetAddress,
  });
  return serializeEthernet({ destination: to, source: guestMac, type: etherType.arp, payload });
}

function dhcp(options: DhcpOptions, broadcast = false): Uint8Array {
  const message = serializeDhcp({
    operation: 1,
    hardwareType: 1,
    hops: 0,
    transactionId: 1,
    seconds: 0,
    broadcast,
    clientAddress: 0,
    yourAddress: 0,
    serverAddress: 0,
    relayAddress: 0,
    clientHardware: bytes("02 00 00 00 00 64"),
    serverName: "",
    bootFile: "",
    options,
  });
  return udp(67, message, { source: 0, destination: BROADCAST_ADDRESS, to: BROADCAST_MAC });
}

function question(name: string): Uint8Array {
  return serializeDns({
    id: 7,
    response: false,
    opcode: 0,
    authoritative: false,
    truncated: false,
    recursionDesired: true,
    recursionAvailable: false,
    responseCode: 0,
    questions: [{ name, type: 1, class: 1 }],
    answers: [],
    authorities: [],
    additionals: [],
  });
}

describe("the boot server, asked by ARP", () => {
  it("answers for its own address, and for no other", () => {
    const { station, sent } = lab();
    station.receive(arp(arpOperation.request, guest, server));
    expect(sent()).toEqual([
      {
        kind: "arp",
        destination: guestMac,
        operation: arpOperation.reply,
        senderMac: serverMac,
        senderAddress: server,
        targetMac: guestMac,
        targetAddress: guest,
      },
    ]);
    station.receive(arp(arpOperation.request, guest, server + 1));
    expect(sent()).toEqual([]);
  });

  it("answers a probe, which has no sender yet", () => {
    const { station, sent } = lab();
    station.receive(arp(arpOperation.request, 0, server));
    expect(sent()).toMatchObject([{ kind: "arp", targetAddress: 0 }]);
    expect(station.counters.interface.badSource).toBe(0);
  });

  it("does not believe that somebody else has its address, or one of another network", () => {
    const { station } = lab();
    for (const claimed of [server, address("192.168.1.1"), address("10.86.0.255")]) {
      station.receive(arp(arpOperation.reply, claimed, server, serverMac));
    }
    expect(station.counters.interface.badSource).toBe(3);
  });
});

describe("the boot server, pinged", () => {
  it("returns the data, to the station that sent it", () => {
    const { station, sent } = lab();
    station.receive(ping({}, bytes("01 02 03")));
    expect(sent()).toEqual([
      {
        kind: "echo-reply",
        destination: guestMac,
        address: guest,
        identifier: 1,
        sequence: 2,
        data: bytes("01 02 03"),
      },
    ]);
  });

  it("keeps quiet when everyone was pinged, or when the reply would not fit", () => {
    const { station, sent } = lab();
    station.receive(ping({ destination: BROADCAST_ADDRESS, to: BROADCAST_MAC }));
    station.receive(ping({}, zeros(1473)));
    expect(sent()).toEqual([]);
    expect(station.counters.icmp).toMatchObject({ ignored: 1, oversized: 1 });
    station.receive(ping({}, zeros(1472)));
    expect(sent()).toHaveLength(1);
  });
});

describe("the boot server, asked by DHCP", () => {
  it("leases 10.86.0.100 with itself as router and name server", () => {
    const { station, sent } = lab();
    station.receive(dhcp({ messageType: dhcpMessageType.discover }));
    const [offer] = sent();
    expect(offer).toMatchObject({
      destination: guestMac,
      address: guest,
      sourcePort: 67,
      destinationPort: 68,
    });
    const message = offer?.kind === "udp" ? parseDhcp(offer.payload) : undefined;
    expect(message).toMatchObject({
      yourAddress: guest,
      options: {
        messageType: dhcpMessageType.offer,
        routers: [server],
        domainNameServers: [server],
        domainName: "netroot.test",
        hostName: "client-100",
        interfaceMtu: 1500,
      },
    });
  });

  it("answers everyone where the client asks for it", () => {
    const { station, sent } = lab();
    station.receive(dhcp({ messageType: dhcpMessageType.discover }, true));
    expect(sent()).toMatchObject([{ destination: BROADCAST_MAC, address: BROADCAST_ADDRESS }]);
  });

  it("reaches a client at its new address without asking for it", () => {
    const { station, sent } = lab();
    const request = {
      messageType: dhcpMessageType.request,
      serverIdentifier: server,
      requestedAddress: guest,
    };
    station.receive(dhcp(request));
    sent();
    station.udp.send(69, { address: guest, port: 5000 }, bytes("01"));
    expect(sent()).toMatchObject([{ kind: "udp", destination: guestMac }]);
  });

  it("does not send more than fits", () => {
    const options = { other: new Map([[43, zeros(600)]]) };
    const { station, sent } = lab({ mtu: 576, dhcp: { boot: () => ({ options }) } });
    station.receive(dhcp({ messageType: dhcpMessageType.discover }));
    expect(sent()).toEqual([]);
    expect(station.counters.dhcp.oversized).toBe(1);
  });

  it("knows its clients again after being written out and read back", () => {
    const { station } = lab();
    const request = { messageType: dhcpMessageType.request, requestedAddress: guest + 5 };
    station.receive(dhcp(request));
    const restored = lab({ state: JSON.parse(JSON.stringify(station.save())) });
    restored.station.receive(dhcp({ messageType: dhcpMessageType.discover }));
    expect(restored.sent()).toMatchObject([{ address: guest + 5 }]);
  });
});

describe("the boot server, asked by DNS", () => {
  const resolve = (name: string) => {
    const { station, sent } = lab({ dns: { "menu.netroot.test": guest } });
    station.receive(udp(53, question(name)));
    const [answer] = sent();
    const message = answer?.kind === "udp" ? parseDns(answer.payload) : undefined;
    if (message?.kind !== "dns") throw new Error("no answer");
    expect(answer).toMatchObject({ sourcePort: 53, destinationPort: 5000, address: guest });
    return message.responseCode === dnsResponseCode.noError
      ? [...message.answers[0]!.data]
      : message.responseCode;
  };

  it("knows itself and what it was told, and at once that there is nothing else", () => {
    expect(resolve("boot.netroot.test")).toEqual([10, 86, 0, 1]);
    expect(resolve("netroot")).toEqual([10, 86, 0, 1]);
    expect(resolve("menu.netroot.test")).toEqual([10, 86, 0, 100]);
    expect(resolve("www.example.org")).toBe(dnsResponseCode.nameError);
  });
});

describe("the boot server, asked too much by DNS", () => {
  it("does not read it", () => {
    const { station, sent } = lab({ mtu: 9000 });
    station.receive(udp(53, bytes(question("boot"), zeros(1300))));
    expect(sent()).toEqual([]);
    expect(station.counters.dns.malformed).toBe(1);
  });
});

describe("the boot server, asked for what it does not have", () => {
  it("says that the port is unreachable, quoting the datagram", () => {
    const { station, sent } = lab();
    const datagram = udp(9, bytes("68 69"));
    station.receive(datagram);
    expect(sent()).toEqual([
      {
        kind: "destination-unreachable",
        destination: guestMac,
        address: guest,
        code: 3,
        nextHopMtu: 0,
        original: datagram.subarray(14, 14 + 28),
      },
    ]);
  });

  it("says so for a protocol, and for a network that it does not route to", () => {
    const { station, sent } = lab();
    station.receive(packet(132, zeros(12)));
    station.receive(packet(ipProtocol.tcp, zeros(20), { destination: address("8.8.8.8") }));
    expect(sent()).toMatchObject([{ code: 2 }, { code: 0 }]);
  });

  it("says it only so often", () => {
    const { station, sent, clock } = lab();
    for (let count = 0; count < 100; count++) station.receive(udp(9, zeros(1)));
    expect(sent()).toHaveLength(20);
    expect(station.counters.icmp.unreachableLimited).toBe(80);
    clock.nowMs += 1000;
    for (let count = 0; count < 100; count++) station.receive(udp(9, zeros(1)));
    expect(sent()).toHaveLength(10);
  });

  it("says nothing about what went to everyone, and nothing about errors", () => {
    const { station, sent } = lab();
    station.receive(udp(9, zeros(1), { destination: BROADCAST_ADDRESS, to: BROADCAST_MAC }));
    const error = serializeIcmp({
      kind: "destination-unreachable",
      code: 3,
      nextHopMtu: 0,
      original: zeros(28),
    });
    station.receive(packet(ipProtocol.icmp, error, { destination: address("8.8.8.8") }));
    expect(sent()).toEqual([]);
  });
});

describe("a service plugged into the boot server", () => {
  it("gets the datagrams of its port and answers them, until it is unplugged", () => {
    const { station, sent } = lab();
    const unplug = station.udp.bind(69, (payload, peer) => station.udp.send(69, peer, payload));
    station.receive(udp(69, bytes("00 01")));
    expect(sent()).toMatchObject([{ kind: "udp", sourcePort: 69, payload: bytes("00 01") }]);
    expect(() => station.udp.bind(69, () => {})).toThrow("already has a service");
    unplug();
    station.receive(udp(69, bytes("00 01")));
    expect(sent()).toMatchObject([{ kind: "destination-unreachable", code: 3 }]);
  });

  it("has its deadlines kept with all the others", () => {
    const { station, clock } = lab();
    const due: number[] = [];
    const machine: Timed = { deadline: () => clock.nowMs + 5, advance: (nowMs) => due.push(nowMs) };
    expect(station.deadline()).toBe(Number.POSITIVE_INFINITY);
    const stop = station.drive(machine);
    expect(station.deadline()).toBe(clock.nowMs + 5);
    station.advance(clock.nowMs + 4);
    expect(due).toEqual([]);
    station.advance(clock.nowMs + 5);
    expect(due).toEqual([clock.nowMs + 5]);
    stop();
    expect(station.deadline()).toBe(Number.POSITIVE_INFINITY);
  });

  it("gets TCP segments for our address only, and sends in place to a station that was heard", () => {
    const received: [number, string][] = [];
    let output: Ipv4Output | undefined;
    const { station, frames, sent } = lab({
      tcp: (given) => {
        output = given;
        return {
          receive: (source, payload) => received.push([source, payload.join()]),
          deadline: () => 42,
          advance: () => {},
        };
      },
    });
    station.receive(packet(ipProtocol.tcp, bytes("01 02")));
    station.receive(packet(ipProtocol.tcp, bytes("03"), { to: BROADCAST_MAC }));
    expect(received).toEqual([[guest, "1,2"]]);
    expect(station.deadline()).toBe(42);
    output!.send(ipProtocol.tcp, guest, 3, (frame, offset) => {
      expect([frame.length, offset]).toEqual([37, 34]);
      frame.set([7, 8, 9], offset);
    });
    expect(frames).toHaveLength(1);
    expect(sent()).toMatchObject([{ destination: guestMac, protocol: 6, payload: bytes("07 08 09") }]);
    expect(() => output!.send(ipProtocol.tcp, guest, 1481, () => {})).toThrow(RangeError);
  });
});

describe("the boot server, sending", () => {
  it("asks for a station that it does not know, and sends when that answers", () => {
    const { station, sent } = lab();
    station.udp.send(69, { address: guest, port: 5000 }, bytes("01"));
    expect(sent()).toMatchObject([
      { kind: "arp", destination: BROADCAST_MAC, operation: arpOperation.request, targetAddress: guest },
    ]);
    station.receive(arp(arpOperation.reply, guest, server, serverMac));
    expect(sent()).toMatchObject([{ kind: "udp", destination: guestMac, address: guest }]);
  });

  it("asks again when it is time", () => {
    const { station, clock, sent } = lab();
    station.udp.send(69, { address: guest, port: 5000 }, bytes("01"));
    sent();
    clock.nowMs = station.deadline();
    station.advance(clock.nowMs);
    expect(sent()).toMatchObject([{ kind: "arp", targetAddress: guest }]);
  });

  it("sends nothing to another network, and to everyone without asking", () => {
    const { station, sent } = lab();
    station.udp.send(69, { address: address("8.8.8.8"), port: 1 }, bytes("01"));
    expect(sent()).toEqual([]);
    expect(station.counters.interface.unroutableDropped).toBe(1);
    station.udp.send(69, { address: address("10.86.0.255"), port: 1 }, bytes("01"));
    expect(sent()).toMatchObject([{ destination: BROADCAST_MAC, address: address("10.86.0.255") }]);
  });
});

describe("the boot server, fed with what is not for it", () => {
  it("counts each and says nothing", () => {
    const { station, sent } = lab();
    const elsewhere = 0x020000000099;
    station.receive(zeros(5));
    station.receive(ping({ to: elsewhere }));
    station.receive(
      serializeEthernet({ destination: serverMac, source: 1, type: 0x86dd, payload: zeros(40) }),
    );
    station.receive(
      serializeEthernet({ destination: serverMac, source: 1, type: 0x0806, payload: zeros(40) }),
    );
    station.receive(
      serializeEthernet({ destination: serverMac, source: 1, type: 0x0800, payload: zeros(40) }),
    );
    station.receive(ping({ moreFragments: true }));
    station.receive(ping({ source: address("192.168.0.1") }));
    station.receive(ping({ destination: address("224.0.0.251"), to: 0x01005e0000fb }));
    station.receive(ping({ destination: address("8.8.8.8"), to: BROADCAST_MAC }));
    station.receive(
      serializeEthernet({ destination: serverMac, source: serverMac, type: 0x86dd, payload: zeros(40) }),
    );
    expect(sent()).toEqual([]);
    expect(station.counters.interface).toEqual({
      receivedFrames: 10,
      receivedBytes: 5 + 50 + 54 + 54 + 54 + 50 + 50 + 50 + 50 + 54,
      sentFrames: 0,
      sentBytes: 0,
      notForUs: 2,
      unknownType: 1,
      malformedEthernet: 1,
      malformedArp: 1,
      malformedIpv4: 1,
      fragments: 1,
      badSource: 2,
      multicast: 1,
      elsewhere: 0,
      unroutableDropped: 0,
    });
  });

  it("does not throw, whatever a guest sends, and serves the next one", () => {
    const { station, sent } = lab();
    const noise = fc.uint8Array({ maxLength: 400, size: "max" });
    const frame = fc.oneof(
      noise,
      noise.map((payload) => bytes("02 00 00 00 00 01", "02 00 00 00 00 64", "08 06", payload)),
      noise.map((payload) => bytes("02 00 00 00 00 01", "02 00 00 00 00 64", "08 00", payload)),
      fc.tuple(fc.nat(255), noise).map(([protocol, payload]) => packet(protocol, payload)),
      fc.tuple(fc.constantFrom(53, 67, 68, 9), noise).map(([port, payload]) => udp(port, payload)),
      noise.map((payload) => udp(67, bytes("01 01 06 00", zeros(232), "63 82 53 63", payload))),
      noise.map((payload) => udp(53, bytes("00 07 01 00 00 01 00 00 00 00 00 00", payload))),
    );
    fc.assert(
      fc.property(frame, (garbage) => station.receive(garbage)),
      { numRuns: 2000 },
    );
    sent();
    station.receive(ping());
    expect(sent()).toMatchObject([{ kind: "echo-reply" }]);
  });

  it("takes and sends nothing once it is closed", () => {
    const { station, sent } = lab();
    station.udp.send(69, { address: guest, port: 5000 }, bytes("01"));
    sent();
    station.close();
    station.close();
    station.receive(ping());
    expect(station.deadline()).toBe(Number.POSITIVE_INFINITY);
    expect(sent()).toEqual([]);
  });
});

describe("the boot server's configuration", () => {
  it("leaves room for clients", () => {
    expect(() => lab({ prefixLength: 31 })).toThrow(RangeError);
    expect(() => lab({ mtu: 575 })).toThrow(RangeError);
    expect(() => lab({ mtu: 65_536 })).toThrow(RangeError);
  });

  it("leases from the hundredth address on, or from the next one in a small network", () => {
    expect(leasedRange(server, 24)).toEqual({ firstAddress: guest, lastAddress: address("10.86.0.254") });
    const small = leasedRange(address("10.86.0.17"), 28);
    expect(small).toEqual({ firstAddress: address("10.86.0.18"), lastAddress: address("10.86.0.30") });
  });
});
