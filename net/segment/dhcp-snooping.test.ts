import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { bootpOperation, dhcpPort, serializeDhcp } from "../dhcp/message.ts";
import { dhcpMessageType } from "../dhcp/options.ts";
import { etherType, serializeEthernet } from "../ethernet/ethernet.ts";
import { BROADCAST_MAC, writeMac } from "../ethernet/mac.ts";
import { parseIpv4 } from "../ipv4/address.ts";
import { ipProtocol, serializeIpv4Packet } from "../ipv4/packet.ts";
import { serializeUdp } from "../udp/udp.ts";
import { snoopLease } from "./dhcp-snooping.ts";

const SERVER = parseIpv4("10.86.0.2")!;
const GIVEN = parseIpv4("10.86.0.117")!;
const EVERYONE = 0xffffffff;
const CLIENT = 0x020000000a11;

function reply({
  messageType = dhcpMessageType.ack as number,
  yourAddress = GIVEN,
  sourcePort = dhcpPort.server as number,
  hardwareType = 1,
} = {}): Uint8Array {
  const clientHardware = new Uint8Array(6);
  writeMac(clientHardware, 0, CLIENT);
  const message = serializeDhcp({
    operation: bootpOperation.reply,
    hardwareType,
    hops: 0,
    transactionId: 1,
    seconds: 0,
    broadcast: true,
    clientAddress: 0,
    yourAddress,
    serverAddress: 0,
    relayAddress: 0,
    clientHardware,
    serverName: "",
    bootFile: "",
    options: { messageType, serverIdentifier: SERVER },
  });
  const datagram = serializeUdp(
    { sourcePort, destinationPort: dhcpPort.client, payload: message },
    SERVER,
    EVERYONE,
  );
  const packet = serializeIpv4Packet({
    source: SERVER,
    destination: EVERYONE,
    protocol: ipProtocol.udp,
    timeToLive: 64,
    typeOfService: 0,
    identification: 0,
    dontFragment: false,
    moreFragments: false,
    fragmentOffset: 0,
    payload: datagram,
  });
  return serializeEthernet({
    destination: BROADCAST_MAC,
    source: 0x020000000002,
    type: etherType.ipv4,
    payload: packet,
  });
}

describe("what a DHCP server on the segment gives away", () => {
  it("is in its DHCPACK", () => {
    expect(snoopLease(reply())).toEqual({ mac: CLIENT, address: GIVEN });
  });

  it.each([
    ["an offer", { messageType: dhcpMessageType.offer }],
    ["a refusal", { messageType: dhcpMessageType.nak, yourAddress: 0 }],
    ["the answer to an inform", { yourAddress: 0 }],
    ["no server's port", { sourcePort: 1067 }],
    ["another kind of hardware", { hardwareType: 32 }],
  ])("is not in %s", (_name, fields) => {
    expect(snoopLease(reply(fields))).toBeUndefined();
  });

  it("is not in what is damaged, whatever it is", () => {
    const whole = reply();
    fc.assert(
      fc.property(
        fc.nat(whole.length - 1),
        fc.integer({ min: 1, max: 255 }),
        fc.nat(whole.length),
        (at, change, length) => {
          const damaged = whole.slice();
          damaged[at]! ^= change;
          const lease = snoopLease(damaged);
          // The checksums do not cover Ethernet's header.
          if (lease !== undefined) expect(at).toBeLessThan(14);
          if (length < whole.length) expect(snoopLease(whole.subarray(0, length))).toBeUndefined();
        },
      ),
    );
  });
});
