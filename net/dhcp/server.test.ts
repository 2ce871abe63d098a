import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { bytes, fakeClock } from "../ethernet/fixture.ts";
import { readMac } from "../ethernet/mac.ts";
import { BROADCAST_ADDRESS, parseIpv4 } from "../ipv4/address.ts";
import { type DhcpMessage, parseDhcp } from "./message.ts";
import { type DhcpOptions, dhcpMessageType as type } from "./options.ts";
import { pxeBoot } from "./pxe.ts";
import { fitReply, replyLimit } from "./reply-size.ts";
import { DhcpServer, type DhcpServerConfig } from "./server.ts";

const address = (text: string) => parseIpv4(text)!;
const ours = address("10.86.0.1");
const first = address("10.86.0.100");

function server(config: Partial<DhcpServerConfig> = {}) {
  const clock = fakeClock();
  const dhcp = new DhcpServer(
    {
      serverAddress: ours,
      network: { address: ours, prefixLength: 24 },
      firstAddress: first,
      lastAddress: address("10.86.0.101"),
      leaseSeconds: 600,
      routers: [ours],
      domainNameServers: [ours],
      domainName: "netroot.test",
      mtu: 9000,
      hostName: (client) => `client-${client & 255}`,
      ...config,
    },
    clock,
  );
  return { clock, dhcp };
}

/** Hands over a message that comes from the station that it names. */
function answer(dhcp: DhcpServer, request: DhcpMessage) {
  return dhcp.answer(request, readMac(request.clientHardware, 0));
}

function message(options: DhcpOptions, fields: Partial<DhcpMessage> = {}, station = 1): DhcpMessage {
  return {
    kind: "dhcp",
    operation: 1,
    hardwareType: 1,
    hops: 0,
    transactionId: 0x1234,
    seconds: 0,
    broadcast: false,
    clientAddress: 0,
    yourAddress: 0,
    serverAddress: 0,
    relayAddress: 0,
    clientHardware: Uint8Array.of(2, 0, 0, 0, 0, station),
    serverName: "",
    bootFile: "",
    options,
    ...fields,
  };
}

const discover = (station = 1) => message({ messageType: type.discover }, {}, station);
const select = (requestedAddress = first, station = 1) =>
  message({ messageType: type.request, serverIdentifier: ours, requestedAddress }, {}, station);

describe("the DHCP server", () => {
  it("offers an address with everything that a client needs, then acknowledges it", () => {
    const { dhcp } = server();
    const offer = answer(dhcp, discover());
    const parameters = {
      serverIdentifier: ours,
      leaseSeconds: 600,
      renewalSeconds: 300,
      rebindingSeconds: 525,
      subnetMask: address("255.255.255.0"),
      broadcastAddress: address("10.86.0.255"),
      routers: [ours],
      domainNameServers: [ours],
      domainName: "netroot.test",
      interfaceMtu: 9000,
      hostName: "client-100",
    };
    expect(offer?.message).toMatchObject({ operation: 2, transactionId: 0x1234, yourAddress: first });
    expect(offer?.message.options).toEqual({ messageType: type.offer, ...parameters });
    expect(dhcp.leases()).toMatchObject([{ state: "offered" }]);
    const ack = answer(dhcp, select());
    expect(ack?.message.yourAddress).toBe(first);
    expect(ack?.message.options).toEqual({ messageType: type.ack, ...parameters });
    expect(dhcp.leases()).toMatchObject([{ state: "bound" }]);
  });

  it("tells a client what it asked for, and no more", () => {
    const { dhcp } = server();
    const asked = message({ messageType: type.discover, parameterRequestList: [26, 1, 42] });
    expect(Object.keys(answer(dhcp, asked)!.message.options).sort()).toEqual([
      "interfaceMtu",
      "leaseSeconds",
      "messageType",
      "rebindingSeconds",
      "renewalSeconds",
      "serverIdentifier",
      "subnetMask",
    ]);
  });

  it("returns a client's identifier (RFC 6842), and tells clients apart by their hardware all the same", () => {
    const { dhcp } = server();
    const clientIdentifier = bytes("ff 01 02 03");
    const asked = (station: number) => message({ messageType: type.discover, clientIdentifier }, {}, station);
    const offer = answer(dhcp, asked(1));
    expect(offer?.message.options.clientIdentifier).toEqual(clientIdentifier);
    // Two machines with the same image, so with the same identifier.
    expect(answer(dhcp, asked(2))?.message.yourAddress).toBe(first + 1);
    // One machine at two stages of its boot.
    expect(answer(dhcp, discover(1))?.message.yourAddress).toBe(first);
    expect(dhcp.leases()).toHaveLength(2);
  });

  it("hears a station in its own name only", () => {
    const { dhcp } = server();
    const [neighbour, nobody] = [0x020000000002, 0x020000000003];
    expect(dhcp.answer(discover(1), neighbour)).toBeUndefined();
    answer(dhcp, select());
    expect(
      dhcp.answer(message({ messageType: type.release }, { clientAddress: first }), nobody),
    ).toBeUndefined();
    expect(dhcp.leases()).toMatchObject([{ mac: 0x020000000001, state: "bound" }]);
    expect(answer(dhcp, message({ messageType: type.discover }, { hardwareType: 6 }))).toBeUndefined();
    const short = { clientHardware: Uint8Array.of(2, 0, 0, 0, 0) };
    expect(dhcp.answer(message({ messageType: type.discover }, short), nobody)).toBeUndefined();
    expect(dhcp.counters).toMatchObject({ offers: 0, releases: 0, ignored: 4 });
  });

  it("sends to the new address, or to everyone if the client says that it cannot hear that", () => {
    const { dhcp } = server();
    expect(answer(dhcp, discover())).toMatchObject({ address: first, mac: 0x020000000001 });
    const deaf = message({ messageType: type.discover }, { broadcast: true });
    expect(answer(dhcp, deaf)).toMatchObject({ address: BROADCAST_ADDRESS, mac: undefined });
    const renewing = message({ messageType: type.request }, { broadcast: true, clientAddress: first });
    expect(answer(dhcp, renewing)).toMatchObject({ address: first, mac: 0x020000000001 });
  });

  it("renews and rebinds by the address that the client has", () => {
    const { dhcp, clock } = server();
    answer(dhcp, discover());
    answer(dhcp, select());
    clock.nowMs += 500_000;
    const ack = answer(dhcp, message({ messageType: type.request }, { clientAddress: first }));
    expect(ack?.message).toMatchObject({ clientAddress: first, yourAddress: first });
    expect(ack?.message.options.messageType).toBe(type.ack);
    expect(dhcp.leases()).toMatchObject([{ expiresAtMs: clock.nowMs + 600_000 }]);
  });

  it("lets a client that it has forgotten keep a free address, and refuses any other", () => {
    const { dhcp } = server();
    const reboot = (text: string, station = 1) =>
      answer(dhcp, message({ messageType: type.request, requestedAddress: address(text) }, {}, station));
    const nak = reboot("192.168.1.7");
    expect(nak).toMatchObject({ address: BROADCAST_ADDRESS, message: { yourAddress: 0 } });
    expect(nak?.message.options).toMatchObject({ messageType: type.nak, serverIdentifier: ours });
    expect(reboot("10.86.0.101")?.message.options.messageType).toBe(type.ack);
    // Now it is taken, and the first client has that one only.
    expect(reboot("10.86.0.101", 2)?.message.options.messageType).toBe(type.nak);
    expect(reboot("10.86.0.100")?.message.options.messageType).toBe(type.nak);
    const stale = message({ messageType: type.request }, { clientAddress: address("10.86.0.7") }, 3);
    expect(answer(dhcp, stale)?.message.options.messageType).toBe(type.nak);
    expect(dhcp.counters).toMatchObject({ acks: 1, naks: 4 });
  });

  it("gives its offer back when the client chose another server", () => {
    const { dhcp } = server({ lastAddress: first });
    answer(dhcp, discover());
    expect(answer(dhcp, discover(2))).toBeUndefined();
    expect(dhcp.counters.exhausted).toBe(1);
    const elsewhere = { messageType: type.request, serverIdentifier: ours + 1, requestedAddress: first + 9 };
    expect(answer(dhcp, message(elsewhere))).toBeUndefined();
    expect(answer(dhcp, discover(2))?.message.yourAddress).toBe(first);
  });

  it("lets an offer go after a minute", () => {
    const { dhcp, clock } = server({ lastAddress: first });
    answer(dhcp, discover());
    clock.nowMs += 60_000;
    expect(answer(dhcp, discover(2))?.message.yourAddress).toBe(first);
  });

  it("takes a released address back, but not on the word of somebody else", () => {
    const { dhcp } = server({ lastAddress: first });
    answer(dhcp, discover());
    answer(dhcp, select());
    const release = (station: number, clientAddress = first) =>
      answer(dhcp, message({ messageType: type.release }, { clientAddress }, station));
    expect(release(2)).toBeUndefined();
    expect(release(1, first + 1)).toBeUndefined();
    expect(dhcp.leases()).toMatchObject([{ state: "bound" }]);
    expect(release(1)).toBeUndefined();
    expect(dhcp.leases()).toMatchObject([{ state: "released" }]);
    expect(answer(dhcp, discover(2))?.message.yourAddress).toBe(first);
    expect(dhcp.counters).toMatchObject({ releases: 1, ignored: 2 });
  });

  it("does not offer an address again that a client found in use", () => {
    const { dhcp } = server();
    answer(dhcp, discover());
    answer(dhcp, select());
    const decline = { messageType: type.decline, serverIdentifier: ours, requestedAddress: first };
    answer(dhcp, message({ ...decline, requestedAddress: first + 1 }));
    answer(dhcp, message(decline, {}, 2));
    expect(dhcp.counters).toMatchObject({ declines: 0, ignored: 2 });
    expect(answer(dhcp, message(decline))).toBeUndefined();
    expect(dhcp.counters.declines).toBe(1);
    expect(answer(dhcp, discover())?.message.yourAddress).toBe(first + 1);
    expect(answer(dhcp, discover(2))).toBeUndefined();
  });

  it("informs a client that has an address, without a word about a lease", () => {
    const { dhcp } = server();
    const clientAddress = address("10.86.0.50");
    const ack = answer(dhcp, message({ messageType: type.inform }, { clientAddress }));
    expect(ack).toMatchObject({ address: clientAddress, message: { yourAddress: 0, clientAddress } });
    expect(ack?.message.options).toMatchObject({ messageType: type.ack, routers: [ours] });
    expect(ack?.message.options.leaseSeconds).toBeUndefined();
    expect(dhcp.leases()).toEqual([]);
  });

  it("adds what the boot hook says, as a function of the request", () => {
    const { dhcp } = server({
      boot: (request) =>
        request.options.vendorClass?.startsWith("PXEClient") === true
          ? { bootFile: "pxelinux.0", options: { tftpServerName: "10.86.0.1" } }
          : undefined,
    });
    const pxe = message({ messageType: type.discover, vendorClass: "PXEClient:Arch:00000:UNDI:002001" });
    expect(answer(dhcp, pxe)?.message).toMatchObject({
      serverAddress: ours,
      bootFile: "pxelinux.0",
      options: { tftpServerName: "10.86.0.1" },
    });
    expect(answer(dhcp, discover())?.message).toMatchObject({ serverAddress: 0, bootFile: "" });
  });

  it("answers a relay agent of its network at the agent, and none of another network (RFC 2131 section 4.1)", () => {
    const { dhcp } = server({ answersRelayAgents: true });
    const through = (agent: string, options: DhcpOptions, station = 1) =>
      answer(dhcp, message(options, { relayAddress: address(agent) }, station));
    const toAgent = { address: address("10.86.0.50"), port: 67, mac: undefined };
    const discovered = through("10.86.0.50", { messageType: type.discover });
    expect(discovered).toMatchObject(toAgent);
    expect(discovered?.message).toMatchObject({ yourAddress: first, relayAddress: toAgent.address });
    const refused = through("10.86.0.50", {
      messageType: type.request,
      requestedAddress: address("192.168.7.7"),
    });
    expect(refused).toMatchObject(toAgent);
    // The agent is to broadcast it: the client may have an address that is wrong here (section 4.3.2).
    expect(refused?.message).toMatchObject({ broadcast: true, options: { messageType: type.nak } });
    for (const agent of ["10.86.1.50", "10.86.0.1", "10.86.0.255", "127.0.0.1"]) {
      expect(through(agent, { messageType: type.discover }, 2)).toBeUndefined();
    }
    expect(dhcp.counters).toMatchObject({ offers: 1, naks: 1, ignored: 4 });
    expect(dhcp.leases()).toHaveLength(1);
    const { dhcp: cautious } = server();
    const asked = message({ messageType: type.discover }, { relayAddress: toAgent.address });
    expect(answer(cautious, asked)).toBeUndefined();
  });

  it("says when there is something new to keep: never for an offer or a refusal", () => {
    let changes = 0;
    const { dhcp } = server({
      leasesChanged: () => {
        changes++;
      },
    });
    const changesAfter = (request: DhcpMessage) => {
      answer(dhcp, request);
      return changes;
    };
    expect(changesAfter(discover())).toBe(0);
    expect(changesAfter(select())).toBe(1);
    expect(changesAfter(message({ messageType: type.request, requestedAddress: ours }, {}, 2))).toBe(1);
    expect(changesAfter(message({ messageType: type.request }, { clientAddress: first }))).toBe(2);
    expect(changesAfter(message({ messageType: type.decline, requestedAddress: first }))).toBe(3);
    answer(dhcp, discover());
    expect(changesAfter(select(first + 1))).toBe(4);
    expect(changesAfter(message({ messageType: type.release }, { clientAddress: first + 1 }))).toBe(5);
  });

  it("says nothing to a reply, to plain BOOTP, and to what only servers say", () => {
    const { dhcp } = server();
    const silent = [
      message({ messageType: type.discover }, { operation: 2 }),
      message({}),
      message({ messageType: type.offer }),
      message({ messageType: 99 }),
    ];
    for (const each of silent) expect(answer(dhcp, each)).toBeUndefined();
    expect(dhcp.counters.ignored).toBe(4);
  });

  it("answers within its range, its network and the client's size, or keeps silent, whatever is said", () => {
    const octet = fc.integer({ min: 0, max: 255 });
    const header = fc.uint8Array({ minLength: 44, maxLength: 44 });
    const option = fc
      .tuple(
        fc.constantFrom(12, 43, 50, 52, 53, 54, 55, 57, 60, 61, 77, 93, 97, 175, 255),
        fc.uint8Array({ maxLength: 60, size: "max" }),
      )
      .map(([code, value]) => bytes(Uint8Array.of(code, value.length), value));
    const plausible = fc.record({ type: fc.integer({ min: 1, max: 8 }), station: octet, asked: octet });
    const said = fc.tuple(header, fc.array(option, { maxLength: 12 }), fc.option(plausible));
    fc.assert(
      fc.property(fc.array(said, { maxLength: 30 }), (messages) => {
        const boot = pxeBoot({ file: "pxelinux.0", configFile: "c".repeat(250) }, ours);
        const { dhcp } = server({ boot, answersRelayAgents: true });
        for (const [start, options, likely] of messages) {
          // Half of them are noise, half come near to what a client says.
          if (likely !== null) {
            start.set([1, 1, 6]);
            start.set(likely.asked < 128 ? [0, 0, 0, 0] : [10, 86, 0, likely.asked], 12);
            start.set([0, 0, 0, 0, 2, 0, 0, 0, 0, likely.station], 24);
          }
          const type53 = likely === null ? [] : [Uint8Array.of(53, 1, likely.type)];
          const message = bytes(start, new Uint8Array(192), "63 82 53 63", ...type53, ...options);
          const request = parseDhcp(message);
          if (request.kind === "malformed") continue;
          const reply = dhcp.answer(request, readMac(message, 28));
          if (reply === undefined) continue;
          const { bytes: written } = fitReply(reply.message, replyLimit(request));
          expect(written?.length ?? 0).toBeLessThanOrEqual(replyLimit(request));
          expect([0, first, first + 1]).toContain(reply.message.yourAddress);
          expect(reply.message.transactionId).toBe(request.transactionId);
        }
        expect(dhcp.leases().length).toBeLessThanOrEqual(2);
      }),
      { numRuns: 500 },
    );
  });
});
