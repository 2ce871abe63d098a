import { randomBytes } from "node:crypto";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { BootServer } from "../../net/boot-server/boot-server.ts";
import { type DhcpMessage, serializeDhcp } from "../../net/dhcp/message.ts";
import { type DhcpOptions, dhcpMessageType, dhcpOption } from "../../net/dhcp/options.ts";
import { pxeBoot } from "../../net/dhcp/pxe.ts";
import { pxeDiscover, pxeDiscoverBytes, pxeRequestBytes } from "../../net/dhcp/testing/pxe-clients.ts";
import { parseEthernet } from "../../net/ethernet/ethernet.ts";
import { formatMac } from "../../net/ethernet/mac.ts";
import { hexFromOctets, textFromOctets } from "../../net/ethernet/octets.ts";
import { formatIpv4, parseIpv4 } from "../../net/ipv4/address.ts";
import { parseIpv4Packet } from "../../net/ipv4/packet.ts";
import { dhcpAnswer, dhcpPayloadFrame } from "../client/guest-dhcp.ts";
import { monotonicClock } from "../drive.ts";
import { type Dnsmasq, startDnsmasq } from "./dnsmasq.ts";

const CLIENT = 0x02_00_00_00_00_64;
const SERVER = parseIpv4("10.86.0.1")!;
const LEASED = parseIpv4("10.86.0.100")!;

/** dnsmasq begins with the last: it fills the options field, the next one the file field, the first one the server name. */
function longText(code: number): string {
  return `x${code}`.repeat({ 128: 15, 129: 30, 130: 50 }[code] ?? 0);
}

/** The same boot server for both: pxelinux.0 for a ROM, menu.ipxe for iPXE, and pxelinux's two options. */
const dnsmasqSettings = [
  "dhcp-range=10.86.0.100,10.86.0.254,255.255.255.0,24h",
  "dhcp-authoritative",
  "domain=netroot.test",
  "dhcp-option=option:mtu,1500",
  "dhcp-boot=pxelinux.0",
  "dhcp-match=set:ipxe,175",
  "dhcp-boot=tag:ipxe,menu.ipxe",
  "dhcp-option=vendor:PXEClient,6,8",
  "dhcp-option=tag:ipxe,encap:175,176,1b",
  "dhcp-match=set:pxe,93",
  "dhcp-option-force=tag:pxe,209,pxelinux.cfg/class",
  "dhcp-option-force=tag:pxe,210,/boot/",
  // More than fits the options field of a client that says nothing of its size.
  "dhcp-vendorclass=set:much,tell me more",
  ...[128, 129, 130].map((code) => `dhcp-option-force=tag:much,${code},${longText(code)}`),
];
const bootConfig = {
  file: "pxelinux.0",
  ipxeFile: "menu.ipxe",
  configFile: "pxelinux.cfg/class",
  pathPrefix: "/boot/",
};

/** Every difference that there may be, and why there is one. */
const why = {
  seconds: "RFC 2131 table 3: a server says 0. dnsmasq says what the client said.",
  serverName: "Ours names itself, for ROMs that look there. dnsmasq does so where dhcp-boot names it.",
  bootFile: "dnsmasq moves the name into option 67 when a client asks for that. Ours has it in both places.",
  tftpServerName: "Asked for, and known. dnsmasq has it only where dhcp-boot names the server.",
  vendorClass: "PXE 2.1 section 2.2.2: the answer's class is PXEClient. dnsmasq returns the client's.",
  clientMachineIdentifier:
    "PXE 2.1 section 2.2.2: it is returned. dnsmasq does so in answers with a menu only.",
  clientIdentifier: "RFC 6842: it is returned. dnsmasq keeps to RFC 2131, which forbade it.",
  hostName: "Ours has a name for each address. dnsmasq has none without dhcp-host.",
  serverAddress: "Ours says where to boot from to those who ask for a boot. dnsmasq tells everyone.",
  message: "Why it was refused, in words of its own.",
  broadcastAddress: "iPXE did not ask for it. dnsmasq tells everyone.",
  broadcast: "Both send a refusal to everyone. dnsmasq also sets the flag, which is for relay agents.",
} as const;
type Aspect = keyof typeof why;
/** What dnsmasq says, and what ours says; `undefined` for nothing. */
type Differences = { readonly [name in Aspect]?: readonly [dnsmasq: unknown, ours: unknown] };

let dnsmasq: Dnsmasq;
let ours: BootServer;
let oursSent: Uint8Array[];
beforeAll(async () => {
  dnsmasq = await startDnsmasq(dnsmasqSettings);
});
afterAll(() => dnsmasq?.close());
beforeEach(() => {
  oursSent = [];
  ours = new BootServer({
    mac: 0x02_00_00_00_00_01,
    address: SERVER,
    prefixLength: 24,
    mtu: 1500,
    clock: monotonicClock,
    random: (length) => new Uint8Array(randomBytes(length)),
    transmit: (frame) => oursSent.push(frame),
    dhcp: { domainName: "netroot.test", boot: pxeBoot(bootConfig, SERVER) },
  });
});

/** Sends a message to dnsmasq; resolves with the frame that answers it. */
function askDnsmasq(frame: Uint8Array): Promise<Uint8Array> {
  const answered = new Promise<Uint8Array>((resolve) => {
    dnsmasq.onFrame((candidate) => {
      if (dhcpAnswer(candidate) !== undefined) resolve(candidate);
    });
  });
  dnsmasq.tap.send(frame);
  return answered;
}

/** Sends the same message to both servers, from the address that the client has. */
async function askBoth(payload: Uint8Array, from?: number) {
  const frame = dhcpPayloadFrame(CLIENT, payload, from);
  const theirs = describeAnswer(await askDnsmasq(frame));
  ours.receive(frame);
  return { theirs, ours: describeAnswer(oursSent.pop()!) };
}

/** All that an answer says and where it goes, in values that can be compared. */
function describeAnswer(frame: Uint8Array): Record<string, unknown> {
  const message = dhcpAnswer(frame)!;
  const ethernet = parseEthernet(frame);
  const packet = ethernet.kind === "malformed" ? ethernet : parseIpv4Packet(ethernet.payload);
  if (ethernet.kind === "malformed" || packet.kind === "malformed") throw new Error("no packet");
  const { options, clientHardware, ...header } = message;
  return {
    ...header,
    clientHardware: hexFromOctets(clientHardware),
    destination: `${formatMac(ethernet.destination)} ${formatIpv4(packet.destination)}`,
    ...Object.fromEntries(
      Object.entries(options).map(([name, value]) => [
        name,
        value instanceof Uint8Array ? hexFromOctets(value) : value,
      ]),
    ),
  };
}

function differences(answers: Awaited<ReturnType<typeof askBoth>>): Record<string, [unknown, unknown]> {
  const names = new Set([...Object.keys(answers.theirs), ...Object.keys(answers.ours)]);
  return Object.fromEntries(
    [...names]
      .map((name): [string, [unknown, unknown]] => [name, [answers.theirs[name], answers.ours[name]]])
      .filter(([, [theirs, our]]) => JSON.stringify(theirs) !== JSON.stringify(our)),
  );
}

/** Fails for a difference that is not listed, and for a listed one that is gone. */
function expectOnly(answers: Awaited<ReturnType<typeof askBoth>>, expected: Differences): void {
  expect(differences(answers)).toEqual(expected);
  for (const name of Object.keys(expected)) expect(why).toHaveProperty(name);
}

const machine = "004c4c454400444a108034b7c04f4a5931";
const pxe = {
  seconds: [4, 0],
  serverName: ["", "10.86.0.1"],
  vendorClass: ["PXEClient:Arch:00000:UNDI:002001", "PXEClient"],
  clientMachineIdentifier: [undefined, machine],
  hostName: [undefined, "client-100"],
  tftpServerName: [undefined, "10.86.0.1"],
} satisfies Differences;

describe("the DHCP answers of dnsmasq and ours, to the same message", () => {
  it("differ for a PXE ROM's DISCOVER only in the address, which is each server's own choice, and as listed", async () => {
    const { theirs, ours } = await askBoth(pxeDiscoverBytes("rom"));
    for (const answer of [theirs, ours])
      expect(formatIpv4(answer.yourAddress as number)).toMatch(/^10\.86\.0\./);
    const sameAddress = { yourAddress: LEASED };
    expectOnly(
      { theirs: { ...theirs, ...sameAddress }, ours: { ...ours, ...sameAddress } },
      { ...pxe, bootFile: ["", "pxelinux.0"] },
    );
    expect(ours).toMatchObject({ vendorOptions: "060108ff", bootFileName: "pxelinux.0" });
  });

  it("differ for a PXE ROM's REQUEST as listed", async () => {
    const answers = await askBoth(pxeRequestBytes("rom", SERVER, LEASED));
    expect(answers.ours).toMatchObject({ messageType: dhcpMessageType.ack, yourAddress: LEASED });
    expectOnly(answers, { ...pxe, bootFile: ["", "pxelinux.0"] });
  });

  it.each([
    ["DISCOVER", dhcpMessageType.offer, pxeDiscoverBytes("ipxe")],
    ["REQUEST", dhcpMessageType.ack, pxeRequestBytes("ipxe", SERVER, LEASED)],
  ])("differ for iPXE's %s as listed", async (_, messageType, payload) => {
    const answers = await askBoth(payload);
    expect(answers.ours).toMatchObject({ messageType, bootFileName: "menu.ipxe", ipxeOptions: "b00101ff" });
    expectOnly(answers, {
      ...pxe,
      bootFile: ["", "menu.ipxe"],
      broadcastAddress: [parseIpv4("10.86.0.255"), undefined],
      clientIdentifier: [undefined, "01020000000064"],
    });
  });

  it("differ for a client that boots nothing as listed, and ours says nothing of a boot", async () => {
    const answers = await askBoth(plain({ messageType: dhcpMessageType.request, requestedAddress: LEASED }));
    expect(answers.ours).toMatchObject({ messageType: dhcpMessageType.ack, serverAddress: 0, bootFile: "" });
    expectOnly(answers, {
      bootFile: ["pxelinux.0", ""],
      serverAddress: [SERVER, 0],
      hostName: [undefined, "client-100"],
    });
  });

  it("differ for a client that only wants to know as listed", async () => {
    const inform = plain({ messageType: dhcpMessageType.inform }, LEASED);
    expectOnly(await askBoth(inform, LEASED), { bootFile: ["pxelinux.0", ""], serverAddress: [SERVER, 0] });
  });

  it("differ for a foreign address in the words of the refusal", async () => {
    const requestedAddress = parseIpv4("192.168.7.7")!;
    const answers = await askBoth(plain({ messageType: dhcpMessageType.request, requestedAddress }));
    expect(answers.ours).toMatchObject({ messageType: dhcpMessageType.nak, yourAddress: 0 });
    expectOnly(answers, {
      broadcast: [true, false],
      message: ["wrong address", "this address is not for you here"],
    });
  });
});

describe("what dnsmasq says to a client that takes 548 bytes", () => {
  it("is read whole, from the options field and from the fields of the header that it overloads", async () => {
    const options = {
      messageType: dhcpMessageType.discover,
      vendorClass: "tell me more",
      // So that its name is no longer in the header.
      parameterRequestList: [dhcpOption.bootFileName.code],
    };
    const frame = await askDnsmasq(dhcpPayloadFrame(CLIENT, plain(options)));
    expect(hexFromOctets(frame)).toContain("340103"); // Option 52: both fields hold options.
    const answer = dhcpAnswer(frame);
    const other = new Map(
      [...(answer?.options.other ?? [])].map(([code, value]) => [code, textFromOctets(value)]),
    );
    for (const code of [128, 129, 130]) expect(other.get(code)).toBe(longText(code));
    expect(answer).toMatchObject({ serverName: "", bootFile: "", options: { subnetMask: 0xffffff00 } });
  });
});

/** A client like udhcpc. */
function plain(options: DhcpOptions, clientAddress = 0): Uint8Array {
  const { kind: _, ...message }: DhcpMessage = pxeDiscover("ipxe");
  return serializeDhcp({
    ...message,
    seconds: 0,
    clientAddress,
    options: { parameterRequestList: [1, 3, 6, 12, 15, 28, 42], ...options },
  });
}
