import { afterEach, describe, expect, it, vi } from "vitest";
import { type BootServerLab, bootServerLab, GUEST_INTERFACE } from "./boot-server-lab.ts";

let lab: BootServerLab | undefined;
afterEach(async () => {
  await lab?.close();
  lab = undefined;
});

async function guest(mtu: number): Promise<BootServerLab> {
  lab = await bootServerLab({ mtu });
  await lab.configure();
  return lab;
}

describe("Linux, pinging the boot server", () => {
  it("finds it by ARP and gets every reply, with the largest packet as well", async () => {
    const { inside, server } = await guest(1500);
    const small = await inside.run("ping", ["-c", "3", "-i", "0.1", "10.86.0.1"]);
    expect(small.stdout).toContain("3 packets transmitted, 3 received, 0% packet loss");
    const large = await inside.run("ping", ["-c", "3", "-i", "0.1", "-s", "1472", "-M", "do", "10.86.0.1"]);
    expect(large.stdout).toContain("3 packets transmitted, 3 received, 0% packet loss");
    expect(server.counters.icmp.echoReplies).toBe(6);
    expect(server.counters.interface.malformedIpv4 + server.counters.icmp.malformed).toBe(0);
  });

  it("gets every reply of a flood at an MTU of 9000", async () => {
    const { inside, server } = await guest(9000);
    const flood = await inside.run("ping", ["-f", "-c", "2000", "-s", "8972", "-M", "do", "10.86.0.1"]);
    expect(flood.stdout).toContain("2000 packets transmitted, 2000 received, 0% packet loss");
    expect(server.counters.icmp.echoReplies).toBe(2000);
  });

  it("gets no reply to a packet in fragments, which are counted", async () => {
    const { inside, server } = await guest(1500);
    const fragmented = await inside.run("ping", ["-c", "1", "-W", "1", "-s", "3000", "10.86.0.1"]);
    expect(fragmented.stdout).toContain("1 packets transmitted, 0 received");
    expect(server.counters.interface.fragments).toBe(3);
  });

  it("is told that there is no way to another network, and none to a port where nothing listens", async () => {
    const { inside } = await guest(1500);
    const outside = await inside.run("ping", ["-c", "1", "192.0.2.7"]);
    expect(outside.stdout).toContain("From 10.86.0.1 icmp_seq=1 Destination Net Unreachable");
    const probe = `
import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.connect(("10.86.0.1", 9))
s.send(b"hi")
try:
    s.recv(1)
except OSError as error:
    print(error.strerror)
`;
    expect((await inside.run("/usr/bin/python3", ["-c", probe])).stdout.trim()).toBe("Connection refused");
    const connect = `
import socket
try:
    socket.create_connection(("192.0.2.7", 80))
except OSError as error:
    print(error.strerror)
`;
    expect((await inside.run("/usr/bin/python3", ["-c", connect])).stdout.trim()).toBe(
      "Network is unreachable",
    );
  });
});

describe("arping", () => {
  it("gets an answer to each question, and sees that the address is taken", async () => {
    const { inside } = await guest(1500);
    // With a deadline it waits for three answers, however busy the machine is.
    const args = ["-c", "3", "-w", "30", "-I", GUEST_INTERFACE, "10.86.0.1"];
    const asked = await inside.run("arping", args);
    expect(asked.stdout).toContain("[02:00:00:00:00:01]");
    expect(asked.stdout).toContain("Received 3 response(s)");
    const probe = await inside.run("arping", ["-D", ...args]);
    expect(probe.code).toBe(1);
    const free = await inside.run("arping", ["-D", "-c", "1", "-w", "1", "-I", GUEST_INTERFACE, "10.86.0.2"]);
    expect(free.code).toBe(0);
  });
});

describe("Linux, looking for an IPv6 router", () => {
  it("is told that there is none, and finds nothing wrong with the answer", async () => {
    const { inside, server } = await guest(1500);
    const counters = async () => {
      const { stdout } = await inside.run("cat", ["/proc/net/snmp6"]);
      const lines = [...stdout.matchAll(/^(\w+)\s+(\d+)$/gm)];
      return Object.fromEntries(lines.map(([, name, count]) => [name, Number(count)]));
    };
    await vi.waitFor(
      async () =>
        expect(await counters()).toMatchObject({ Icmp6InRouterAdvertisements: 1, Icmp6InErrors: 0 }),
      { timeout: 30_000, interval: 200 },
    );
    expect(server.counters.routerDiscovery).toEqual({ answered: 1, malformed: 0 });
    expect((await inside.run("ip", ["-6", "route", "show", "default"])).stdout).toBe("");
  });
});
