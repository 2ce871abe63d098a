import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, describe, expect, it, vi } from "vitest";
import { arpOperation, parseArp, serializeArp } from "../../net/arp/arp.ts";
import type { BootServerOptions } from "../../net/boot-server/boot-server.ts";
import { dhcpMessageType } from "../../net/dhcp/options.ts";
import { etherType, parseEthernet, serializeEthernet } from "../../net/ethernet/ethernet.ts";
import { formatIpv4, parseIpv4 } from "../../net/ipv4/address.ts";
import { dhcpFrame } from "../client/guest-dhcp.ts";
import { type BootServerLab, bootServerLab, clientScript, GUEST_INTERFACE, must } from "./boot-server-lab.ts";

const labs: BootServerLab[] = [];
afterEach(async () => {
  for (const lab of labs.splice(0)) await lab.close();
});

async function lab(options: Partial<BootServerOptions> = {}) {
  const made = await bootServerLab({ mtu: 9000, ...options });
  labs.push(made);
  return { ...made, script: clientScript(made.directory) };
}
type Lab = Awaited<ReturnType<typeof lab>>;

/** Runs until the condition holds; only ends what hangs. */
const eventually = (condition: () => void) => vi.waitFor(condition, { timeout: 40_000, interval: 50 });

/** ISC dhclient as dracut and Debian use it, with nothing of the host's configuration. */
function dhclient({ directory, script }: Lab, ...args: string[]): string[] {
  const configuration = join(directory, "dhclient.conf");
  writeFileSync(
    configuration,
    `request subnet-mask, broadcast-address, routers, domain-name, domain-name-servers, host-name, interface-mtu;
send dhcp-client-identifier = hardware;
initial-interval 3;
reboot 5;
`,
  );
  const files = { "-cf": configuration, "-lf": join(directory, "leases"), "-pf": join(directory, "pid") };
  return [...Object.entries(files).flat(), "-sf", script.path, ...args, GUEST_INTERFACE];
}

function udhcpc({ script }: Lab, ...args: string[]): string[] {
  return ["-i", GUEST_INTERFACE, "-f", "-s", script.path, "-O", "mtu", "-x", "hostname:guest", ...args];
}

const leases = ({ server }: Lab) =>
  server.leases().map(({ address, state }) => `${formatIpv4(address)} ${state}`);

/** Why the client called its script, in order. */
const reasons = ({ script }: Lab) => script.calls().map((call) => call.reason);

/** Has the client come back in seconds, while its lease goes on. */
const soon = (options: { renewalSeconds: number; rebindingSeconds?: number }) => () => ({ options });

describe("dhclient", () => {
  it("gets an address and everything that belongs to it, and with that reaches the server", async () => {
    const guest = await lab();
    await must(guest.inside, "dhclient", dhclient(guest, "-1"));
    const bound = guest.script.calls().find((call) => call.reason === "BOUND");
    expect(bound?.variables).toMatchObject({
      new_ip_address: "10.86.0.100",
      new_subnet_mask: "255.255.255.0",
      new_broadcast_address: "10.86.0.255",
      new_routers: "10.86.0.1",
      new_domain_name_servers: "10.86.0.1",
      new_domain_name: "netroot.test",
      new_host_name: "client-100",
      new_interface_mtu: "9000",
      new_dhcp_server_identifier: "10.86.0.1",
      new_dhcp_lease_time: "86400",
      new_dhcp_renewal_time: "43200",
      new_dhcp_rebinding_time: "75600",
    });
    expect(leases(guest)).toEqual(["10.86.0.100 bound"]);
    const ping = await guest.inside.run("ping", ["-c", "1", "10.86.0.1"]);
    expect(ping.stdout).toContain("1 received");
    expect(guest.server.counters.dhcp).toMatchObject({
      offers: 1,
      acks: 1,
      naks: 0,
      ignored: 0,
      malformed: 0,
    });
  });

  it("renews its lease, then gives it back", async () => {
    const guest = await lab({ dhcp: { boot: soon({ renewalSeconds: 2 }) } });
    await must(guest.inside, "dhclient", dhclient(guest, "-1"));
    await eventually(() => {
      expect(reasons(guest).filter((reason) => reason === "RENEW").length).toBeGreaterThanOrEqual(2);
    });
    // Each by unicast, and answered: the client never had to ask everyone, let alone to start over.
    expect(reasons(guest).filter((reason) => reason === "REBIND" || reason === "EXPIRE")).toEqual([]);
    expect(guest.server.counters.dhcp).toMatchObject({ offers: 1, naks: 0 });
    await must(guest.inside, "dhclient", dhclient(guest, "-r"));
    await eventually(() => expect(leases(guest)).toEqual(["10.86.0.100 released"]));
    expect(guest.server.counters.dhcp.releases).toBe(1);
  });

  it("rebinds when the server that it asks does not answer", async () => {
    const guest = await lab({ dhcp: { boot: soon({ renewalSeconds: 2, rebindingSeconds: 4 }) } });
    let unanswered = 0;
    guest.intercept((frame) => {
      // From its address, to ours alone.
      const renewing = isIpv4(frame) && frame[26] === 10 && frame[30] === 10;
      if (renewing) unanswered++;
      return renewing;
    });
    await must(guest.inside, "dhclient", dhclient(guest, "-1"));
    // dhclient tells its script RENEW here too: it asked everyone, because nothing else was answered.
    await eventually(() => expect(reasons(guest)).toContain("RENEW"));
    expect(unanswered).toBeGreaterThan(0);
    expect(guest.server.counters.dhcp).toMatchObject({ offers: 1, naks: 0 });
    expect(leases(guest)).toEqual(["10.86.0.100 bound"]);
  });

  it("comes back to the address that it had, without asking for an offer", async () => {
    const guest = await lab();
    await must(guest.inside, "dhclient", dhclient(guest, "-1"));
    await must(guest.inside, "dhclient", dhclient(guest, "-x"));
    await must(guest.inside, "dhclient", dhclient(guest, "-1"));
    await eventually(() => expect(reasons(guest)).toContain("REBOOT"));
    expect(guest.server.counters.dhcp).toMatchObject({ offers: 1, naks: 0 });
    expect(leases(guest)).toEqual(["10.86.0.100 bound"]);
  });

  it("is refused the address of another network, and gets one of this", async () => {
    const guest = await lab();
    writeFileSync(
      join(guest.directory, "leases"),
      `lease {
  interface "${GUEST_INTERFACE}";
  fixed-address 192.168.7.7;
  option subnet-mask 255.255.255.0;
  option dhcp-server-identifier 192.168.7.1;
  renew 2 2036/01/01 00:00:00;
  rebind 2 2036/01/01 00:00:00;
  expire 2 2036/01/01 00:00:00;
}
`,
    );
    await must(guest.inside, "dhclient", dhclient(guest, "-1"));
    expect(guest.server.counters.dhcp).toMatchObject({ naks: 1, offers: 1, acks: 1 });
    expect(leases(guest)).toEqual(["10.86.0.100 bound"]);
    expect(guest.script.calls().at(-1)?.variables.new_ip_address).toBe("10.86.0.100");
  });

  it("keeps its address with a server that has forgotten it", async () => {
    const first = await lab();
    await must(first.inside, "dhclient", dhclient(first, "-1"));
    // The same guest, its lease file included, in front of a server that starts with nothing.
    const second = await lab();
    await must(second.inside, "cp", [join(first.directory, "leases"), join(second.directory, "leases")]);
    await must(second.inside, "dhclient", dhclient(second, "-1"));
    expect(second.server.counters.dhcp).toMatchObject({ offers: 0, acks: 1, naks: 0 });
    expect(leases(second)).toEqual(["10.86.0.100 bound"]);
  });
});

describe("udhcpc", () => {
  it("gets the same, renews when it is told to, and gives it back", async () => {
    const guest = await lab();
    const client = guest.inside.start("udhcpc", udhcpc(guest));
    await eventually(() => expect(reasons(guest)).toContain("bound"));
    expect(guest.script.calls().at(-1)?.variables).toMatchObject({
      ip: "10.86.0.100",
      mask: "24",
      router: "10.86.0.1",
      dns: "10.86.0.1",
      domain: "netroot.test",
      hostname: "client-100",
      broadcast: "10.86.0.255",
      mtu: "9000",
      serverid: "10.86.0.1",
      lease: "86400",
    });
    client.kill("SIGUSR1");
    await eventually(() => expect(reasons(guest)).toContain("renew"));
    client.kill("SIGUSR2");
    await eventually(() => expect(leases(guest)).toEqual(["10.86.0.100 released"]));
    client.kill("SIGTERM");
    expect(guest.server.counters.dhcp).toMatchObject({ offers: 1, acks: 2, releases: 1, naks: 0 });
  });

  it("is refused the address that somebody else has by now, and starts over", async () => {
    const guest = await lab();
    const client = guest.inside.start("udhcpc", udhcpc(guest));
    await eventually(() => expect(leases(guest)).toEqual(["10.86.0.100 bound"]));
    await eventually(() => expect(reasons(guest)).toContain("bound"));
    // The server takes this for a release by the guest, and gives the address to the next who asks for it.
    const { mac } = guest.server.leases()[0]!;
    const address = parseIpv4("10.86.0.100")!;
    guest.server.receive(dhcpFrame(mac!, 1, { messageType: dhcpMessageType.release }, address));
    const taken = { messageType: dhcpMessageType.request, requestedAddress: address };
    guest.server.receive(dhcpFrame(0x020000000099, 2, taken));
    client.kill("SIGUSR1");
    await eventually(() =>
      expect(leases(guest).toSorted()).toEqual(["10.86.0.100 bound", "10.86.0.101 bound"]),
    );
    await eventually(() => expect(reasons(guest)).toEqual(["deconfig", "bound", "nak", "deconfig", "bound"]));
    expect(guest.server.counters.dhcp.naks).toBe(1);
    client.kill("SIGTERM");
  });

  it("declines an address that somebody else answers for, and gets the next", async () => {
    const guest = await lab();
    guest.intercept((frame) => {
      const probe = probeFor(frame, 0x0a560064);
      if (probe !== undefined) guest.tap.send(answerInPlaceOf(0x020000000099, probe));
      return probe !== undefined;
    });
    await must(guest.inside, "udhcpc", udhcpc(guest, "-a", "-A", "1", "-q", "-n", "-t", "5"));
    expect(guest.server.counters.dhcp.declines).toBe(1);
    expect(leases(guest)).toEqual(["10.86.0.100 declined", "10.86.0.101 bound"]);
  });

  it("keeps the address that dhclient had: it is the same machine at another stage of its boot", async () => {
    const guest = await lab();
    await must(guest.inside, "dhclient", dhclient(guest, "-1"));
    await must(guest.inside, "dhclient", dhclient(guest, "-x"));
    await must(guest.inside, "udhcpc", udhcpc(guest, "-q", "-n", "-C", "-x", "0x3d:ff00112233"));
    expect(leases(guest)).toEqual(["10.86.0.100 bound"]);
  });
});

describe("perfdhcp", () => {
  it("loses none of a thousand clients, at two hundred a second, and gives no address twice", async () => {
    const { inside, server, configure } = await lab({
      prefixLength: 20,
      dhcp: {
        firstAddress: parseIpv4("10.86.1.0")!,
        lastAddress: parseIpv4("10.86.4.255")!,
        // perfdhcp asks as an agent does, and is the only client on this segment.
        answersRelayAgents: true,
      },
    });
    await configure("10.86.0.50/20");
    // Lost is what was not answered at all: how long an answer takes is the machine's business.
    const patience = ["-d", "30", "-W", "3000000"];
    const { stdout } = await inside.run("perfdhcp", [
      ...["-4", "-l", GUEST_INTERFACE, "-r", "200", "-f", "40", "-n", "1000", "-R", "1000", "-u"],
      ...patience,
      "10.86.0.1",
    ]);
    for (const exchange of ["DISCOVER-OFFER", "REQUEST-ACK"]) {
      const counts = perfdhcpCounts(stdout, exchange);
      expect(counts).toMatchObject({ "sent packets": 1000, "non unique addresses": 0, "rejected leases": 0 });
      expect(counts.drops! / counts["sent packets"]!).toBe(0);
    }
    const renewals = perfdhcpCounts(stdout, "REQUEST-ACK (renewal)");
    expect(renewals["sent packets"]).toBeGreaterThan(0);
    expect(renewals.drops! / renewals["sent packets"]!).toBe(0);
    expect(server.leases().filter(({ state }) => state === "bound")).toHaveLength(1000);
    expect(server.counters.dhcp).toMatchObject({ naks: 0, exhausted: 0, malformed: 0, ignored: 0 });
  });
});

/** The lines `sent packets: 1000` of one kind of exchange. */
function perfdhcpCounts(report: string, exchange: string): Record<string, number> {
  const [, section = ""] = report.split(`***Statistics for: ${exchange}***\n`);
  const lines = (section.split("***", 1)[0] ?? "").matchAll(/^([a-z ]+): (\d+)$/gm);
  return Object.fromEntries([...lines].map(([, name, count]) => [name, Number(count)]));
}

function isIpv4(frame: Uint8Array): boolean {
  return frame[12] === 0x08 && frame[13] === 0x00;
}

/** The ARP question in a frame, if it is about this address. */
function probeFor(frame: Uint8Array, address: number) {
  const ethernet = parseEthernet(frame);
  if (ethernet.kind === "malformed" || ethernet.type !== etherType.arp) return undefined;
  const arp = parseArp(ethernet.payload);
  if (arp.kind === "malformed" || arp.operation !== arpOperation.request) return undefined;
  return arp.targetAddress === address ? arp : undefined;
}

function answerInPlaceOf(mac: number, asked: { readonly senderMac: number; readonly targetAddress: number }) {
  const payload = serializeArp({
    operation: arpOperation.reply,
    senderMac: mac,
    senderAddress: asked.targetAddress,
    targetMac: asked.senderMac,
    targetAddress: 0,
  });
  return serializeEthernet({ destination: asked.senderMac, source: mac, type: etherType.arp, payload });
}
