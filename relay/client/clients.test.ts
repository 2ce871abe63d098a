import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { formatIpv4 } from "../../net/ipv4/address.ts";
import { silentLogger } from "../log.ts";
import type { SegmentMode } from "./clients.ts";
import { hashDevice } from "./guest-nbd.ts";
import { LeaseFile } from "./lease-file.ts";
import type { LeaseStore } from "./lease-store.ts";
import { clientLab, endOf, openDevice, until } from "./testing/lab.ts";

const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

function start(mode: SegmentMode, sizeBytes?: number, leaseStore?: LeaseStore) {
  return clientLab(mode, (close) => closers.push(close), {
    ...(sizeBytes !== undefined && { sizeBytes }),
    ...(leaseStore !== undefined && { leaseStore }),
  });
}

describe("a client", () => {
  it.each([
    ["in batches", true, false],
    ["in batches with large segments", true, true],
    ["one frame a message", false, false],
  ])("reads its whole device, %s", async (_, batch, large) => {
    const { plugIn, sha256, wire } = await start("isolated");
    const lengths = new Set<number>();
    const { guest, station } = await plugIn({ batch, large, observe: ({ length }) => lengths.add(length) });
    const nbd = await openDevice(station);
    expect(nbd.info).toEqual({ sizeBytes: 16 * 1024 * 1024, readOnly: true, canFlush: true });
    expect(await hashDevice(nbd)).toBe(sha256);
    expect(await nbd.disconnect()).toEqual({ kind: "lost", reason: "finished" });
    expect(Math.max(...lengths)).toBe(1514);
    expect(guest.link.counters.malformedIn + wire.counters.droppedOut).toBe(0);
    // Sixteen megabytes are some twelve thousand frames.
    if (large) expect(wire.counters.framesOut).toBeLessThan(4000);
    expect(wire.counters.largeOut > 0).toBe(large);
  });

  it("on a shared segment gets no large segments: there may be others, who take none", async () => {
    const { plugIn, wire } = await start("shared", 1024 * 1024);
    const { station } = await plugIn({ large: true });
    await hashDevice(await openDevice(station));
    expect(wire.counters.largeOut).toBe(0);
  });

  it("is told which exports there are when it asks for another", async () => {
    const { plugIn, sessions } = await start("isolated");
    const { station } = await plugIn();
    await expect(openDevice(station, "root")).rejects.toThrow('no export "root" here; there is: kisroot');
    expect(sessions.unknownExports).toBe(1);
  });

  it("is refused at every port that is not declared", async () => {
    const { plugIn } = await start("isolated");
    const { station } = await plugIn();
    expect(await Promise.all([22, 80, 8086, 10808].map((port) => endOf(station, port)))).toEqual(
      Array(4).fill("refused"),
    );
  });

  it("whose tab hangs in the middle of a read gets every byte afterwards, while its neighbour goes on", async () => {
    const { plugIn, sha256, wire } = await start("isolated");
    const slow = await plugIn();
    const other = await plugIn();
    const hash = hashDevice(await openDevice(slow.station));
    const nbd = await openDevice(other.station);
    await nbd.read(0, 1024 * 1024);
    slow.guest.link.pause();
    expect(await hashDevice(nbd)).toBe(sha256);
    slow.guest.link.resume();
    expect(await hash).toBe(sha256);
    expect(wire.counters.droppedOut).toBe(0);
  });

  it("leaves nothing behind: no network, no NBD session", async () => {
    const { clients, plugIn, sessions } = await start("isolated");
    const first = await plugIn();
    const second = await plugIn({ batch: false });
    const nbd = await openDevice(first.station);
    void nbd.read(0, 8 * 1024 * 1024).catch(() => {}); // under way when the link goes
    await openDevice(second.station);
    expect([clients.networks, sessions.openSessions]).toEqual([2, 2]);
    await first.guest.link.close(); // the machine is not asked first
    await until(() => clients.networks === 1);
    expect(sessions.openSessions).toBe(1);
    await second.guest.link.close();
    await until(() => clients.networks === 0);
    expect(sessions.openSessions).toBe(0);
  });
});

describe("segments", () => {
  it("that are isolated lead to the boot server only", async () => {
    const { plugIn } = await start("isolated");
    const leases = [(await plugIn()).lease, (await plugIn()).lease];
    expect(leases.map(({ address }) => formatIpv4(address))).toEqual(["10.86.0.100", "10.86.0.100"]);
  });

  it("that are shared let clients see each other, each with an address of its own", async () => {
    const { plugIn, clients } = await start("shared");
    const one = await plugIn();
    const two = await plugIn();
    expect(one.lease.address).not.toBe(two.lease.address);
    expect(clients.networks).toBe(1);
    // The synthetic guest answers ARP and TCP: nobody listens there, and that is an answer too.
    expect(await endOf(one.station, 80, two.lease.address)).toBe("refused");
    await one.guest.close();
    await openDevice(two.station);
    await two.guest.close();
    await until(() => clients.networks === 0);
  });

  it("that are shared give a machine the address that it had, after everyone left and after a restart", async () => {
    const directory = mkdtempSync(join(tmpdir(), "netroot-leases-"));
    closers.push(() => rmSync(directory, { recursive: true }));
    const options = { path: join(directory, "leases.json"), logger: silentLogger, longestMs: 1e12 };
    const [one, two, three] = [0x02_00_00_00_00_01, 0x02_00_00_00_00_02, 0x02_00_00_00_00_03];
    const addressOf = async (from: Awaited<ReturnType<typeof start>>, mac: number) => {
      const { guest, lease } = await from.plugIn({ mac });
      return { guest, address: formatIpv4(lease.address) };
    };

    const file = await LeaseFile.open(options);
    const before = await start("shared", 512, file);
    const first = await addressOf(before, one);
    const second = await addressOf(before, two);
    expect([first.address, second.address]).toEqual(["10.86.0.100", "10.86.0.101"]);
    await first.guest.close();
    await second.guest.close();
    await until(() => before.clients.networks === 0);
    expect((await addressOf(before, two)).address).toBe("10.86.0.101");
    await file.close();

    const reopened = await LeaseFile.open(options);
    closers.push(() => reopened.close());
    const after = await start("shared", 512, reopened);
    expect((await addressOf(after, three)).address).toBe("10.86.0.102");
    expect((await addressOf(after, two)).address).toBe("10.86.0.101");
    expect((await addressOf(after, one)).address).toBe("10.86.0.100");
  });
});
