import { describe, expect, it } from "vitest";
import { serializeDhcp } from "../../net/dhcp/message.ts";
import { dhcpMessageType } from "../../net/dhcp/options.ts";
import type { Ipv4Packet } from "../../net/ipv4/packet.ts";
import { parseIpv4Packet, serializeIpv4Packet } from "../../net/ipv4/packet.ts";
import { serializeUdp } from "../../net/udp/udp.ts";
import type { Problem } from "../interface.ts";
import { DhcpWatch } from "./dhcp-watch.ts";

const SERVER = 0x0a560001;

function message(messageType: number, destinationPort: number): Ipv4Packet {
  const payload = serializeDhcp({
    operation: destinationPort === 67 ? 1 : 2,
    hardwareType: 1,
    hops: 0,
    transactionId: 7,
    seconds: 0,
    broadcast: true,
    clientAddress: 0,
    yourAddress: 0,
    serverAddress: 0,
    relayAddress: 0,
    clientHardware: Uint8Array.of(2, 0, 0, 0, 0, 2),
    serverName: "",
    bootFile: "",
    options: { messageType },
  });
  const [source, destination] = [destinationPort === 67 ? 0 : SERVER, 0xffffffff];
  const packet = serializeIpv4Packet({
    source,
    destination,
    protocol: 17,
    timeToLive: 64,
    typeOfService: 0,
    identification: 1,
    dontFragment: false,
    moreFragments: false,
    fragmentOffset: 0,
    payload: serializeUdp(
      { sourcePort: 135 - destinationPort, destinationPort, payload },
      source,
      destination,
    ),
  });
  const parsed = parseIpv4Packet(packet);
  if (parsed.kind !== "ipv4") throw new Error("that is no packet");
  return parsed;
}

const discover = message(dhcpMessageType.discover, 67);
const offer = message(dhcpMessageType.offer, 68);

function setUp() {
  const problems: Problem[] = [];
  return { watch: new DhcpWatch((problem) => problems.push(problem)), problems };
}

describe("a guest that asks for an address", () => {
  it("is said to ask in vain when nobody answers for 15 seconds, once", () => {
    const { watch, problems } = setUp();
    for (const at of [1000, 5000, 13_000]) watch.fromGuest(discover, at);
    expect(watch.deadline()).toBe(16_000);
    watch.advance(15_999);
    expect(problems).toEqual([]);
    watch.advance(16_000);
    watch.advance(60_000);
    expect(problems).toEqual([
      expect.objectContaining({ code: "dhcp-silent", message: expect.stringContaining("3 times") }),
    ]);
  });

  it("is not, when it is answered", () => {
    const { watch, problems } = setUp();
    watch.fromGuest(discover, 1000);
    watch.toGuest(offer);
    expect(watch.deadline()).toBe(Number.POSITIVE_INFINITY);
    watch.advance(60_000);
    expect(problems).toEqual([]);
  });

  it("is waited for anew when it asks anew: its firmware was answered, its kernel is not", () => {
    const { watch } = setUp();
    watch.fromGuest(discover, 1000);
    watch.toGuest(offer);
    watch.fromGuest(discover, 20_000);
    expect(watch.deadline()).toBe(35_000);
  });

  it("asks nobody as long as it asks nothing", () => {
    const { watch } = setUp();
    watch.toGuest(offer);
    watch.fromGuest(message(dhcpMessageType.inform, 67), 1000);
    expect(watch.deadline()).toBe(Number.POSITIVE_INFINITY);
  });
});
