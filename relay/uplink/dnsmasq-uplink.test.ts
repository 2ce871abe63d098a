import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { expect, it, onTestFinished } from "vitest";
import { arpOperation, parseArp, serializeArp } from "../../net/arp/arp.ts";
import { etherType, parseEthernet, serializeEthernet } from "../../net/ethernet/ethernet.ts";
import { BROADCAST_MAC } from "../../net/ethernet/mac.ts";
import { type Ipv4Address, parseIpv4 } from "../../net/ipv4/address.ts";
import { Clients } from "../client/clients.ts";
import { acquireLease } from "../client/guest-dhcp.ts";
import { silentLogger } from "../log.ts";
import { Namespace } from "./namespace.ts";
import { openUplink } from "./uplink.ts";

const MTU = 1500;
const INTERFACE = "netroot0";
const CLIENT = 0x020000000a11;
const SERVER = parseIpv4("10.86.0.1")!;
const DNSMASQ = parseIpv4("10.86.0.2")!;
const [FIRST, LAST] = [parseIpv4("10.86.0.150")!, parseIpv4("10.86.0.159")!];

/** Resolves with the first line that says it. */
function line(lines: ReturnType<typeof createInterface>, words: string): Promise<string> {
  return new Promise((resolve) => {
    lines.on("line", (text) => {
      if (text.includes(words)) resolve(text);
    });
  });
}

it("a real dnsmasq on the tap gives a client its address, which tcpdump sees and the boot server answers", async () => {
  const inside = Namespace.create();
  onTestFinished(() => inside.close());
  const clients = new Clients("shared", {
    address: SERVER,
    prefixLength: 24,
    mtu: MTU,
    services: [],
    dhcpOnUplink: true,
  });
  const uplink = await openUplink({
    name: INTERFACE,
    namespace: inside.name,
    mtu: MTU,
    plugIn: (deliver) => clients.attachUplink(deliver),
    logger: silentLogger,
  });
  onTestFinished(() => uplink.close());
  await inside.run("ip", ["address", "add", "10.86.0.2/24", "dev", INTERFACE]);

  const directory = mkdtempSync(join(tmpdir(), "netroot-dnsmasq-"));
  onTestFinished(() => rmSync(directory, { recursive: true }));
  const dnsmasq = inside.start("dnsmasq", [
    ...["--conf-file=/dev/null", "--keep-in-foreground", "--user=root", "--port=0", "--no-ping"],
    ...["--log-facility=-", `--interface=${INTERFACE}`, "--dhcp-range=10.86.0.150,10.86.0.159"],
    ...[`--dhcp-leasefile=${join(directory, "leases")}`, `--pid-file=${join(directory, "pid")}`],
    "--dhcp-boot=pxelinux.0,boot,10.86.0.1",
  ]);
  await line(createInterface(dnsmasq.stderr!), "DHCP, IP range");
  const tcpdump = inside.start("tcpdump", ["-i", INTERFACE, "-n", "-l", "udp port 67"]);
  const packets = createInterface(tcpdump.stdout!);
  await line(createInterface(tcpdump.stderr!), "listening on");

  const listeners = new Set<(frame: Uint8Array) => void>();
  const client = clients.attach(
    1,
    (frame) => {
      for (const listener of listeners) listener(frame);
    },
    silentLogger,
  );
  onTestFinished(() => client.close());
  const exchange = <T>(frame: Uint8Array, isAnswer: (frame: Uint8Array) => T | undefined) =>
    new Promise<T>((resolve) => {
      const listener = (received: Uint8Array) => {
        const answer = isAnswer(received);
        if (answer === undefined) return;
        listeners.delete(listener);
        resolve(answer);
      };
      listeners.add(listener);
      client.receive(frame);
    });

  const seen = line(packets, "DHCP, Request");
  const lease = await acquireLease(CLIENT, 1, exchange);
  expect(await seen).toContain("0.0.0.0.68 > 255.255.255.255.67");
  expect(lease.server).toBe(DNSMASQ);
  expect(lease.address).toBeGreaterThanOrEqual(FIRST);
  expect(lease.address).toBeLessThanOrEqual(LAST);
  expect(clients.counters()).toMatchObject({ server: { dhcp: { offers: 0, acks: 0 } } });

  // The address is the client's from now on, and no other is.
  const ask = (from: Ipv4Address) =>
    serializeEthernet({
      destination: BROADCAST_MAC,
      source: CLIENT,
      type: etherType.arp,
      payload: serializeArp({
        operation: arpOperation.request,
        senderMac: CLIENT,
        senderAddress: from,
        targetMac: 0,
        targetAddress: SERVER,
      }),
    });
  client.receive(ask(parseIpv4("10.86.0.77")!));
  expect(clients.counters()).toMatchObject({ guard: { sourceAddress: 1 } });
  const answer = await exchange(ask(lease.address), (frame) => {
    const ethernet = parseEthernet(frame);
    if (ethernet.kind === "malformed" || ethernet.type !== etherType.arp) return undefined;
    const arp = parseArp(ethernet.payload);
    return arp.kind !== "malformed" && arp.operation === arpOperation.reply ? arp : undefined;
  });
  expect(answer).toMatchObject({ senderAddress: SERVER, targetAddress: lease.address });
});
