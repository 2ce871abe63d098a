import { createServer, type Server } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import { serializeEthernet } from "../../net/ethernet/ethernet.ts";
import { BROADCAST_MAC } from "../../net/ethernet/mac.ts";
import { formatIpv4, parseIpv4 } from "../../net/ipv4/address.ts";
import { createLogger } from "../log.ts";
import type { SegmentMode } from "./clients.ts";
import { dhcpFrame } from "./guest-dhcp.ts";
import { hashDevice } from "./guest-nbd.ts";
import { clientLab, endOf, type LabOptions, openDevice, SERVER, until } from "./testing/lab.ts";
import { answerIn, arpClaim, datagramFrame, synFrame } from "./testing/raw-frames.ts";

const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

const start = (mode: SegmentMode, options: LabOptions = {}) =>
  clientLab(mode, (close) => closers.push(close), { sizeBytes: 1024 * 1024, ...options });
type Lab = Awaited<ReturnType<typeof start>>;

const address = (text: string) => parseIpv4(text)!;

/** A guest that writes its own frames, and the answers that it got. */
async function rawGuest(lab: Lab, mac: number) {
  const answers: string[] = [];
  const { guest, lease } = await lab.plugIn({
    mac,
    observe: (frame) => {
      const answer = answerIn(frame);
      if (answer !== undefined) answers.push(answer);
    },
  });
  const send = (frame: Uint8Array) => guest.link.send(frame);
  const route = (destination: number, port: number) => ({ mac, source: lease.address, destination, port });
  /** What is answered to a frame; the echo after it says that no more will come. */
  const ask = async (frame: Uint8Array) => {
    send(frame);
    await guest.station.ping(SERVER, new Uint8Array(8));
    return answers.splice(0);
  };
  return { guest, lease, send, route, ask, station: guest.station };
}

/** A server on 127.0.0.1 that counts who comes. */
async function trap(): Promise<{ port: number; visitors: () => number }> {
  let visitors = 0;
  const server: Server = createServer((socket) => {
    visitors++;
    socket.destroy();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  closers.push(() => server.close());
  const bound = server.address();
  return { port: typeof bound === "object" && bound !== null ? bound.port : 0, visitors: () => visitors };
}

const MAC = 0x02_00_00_00_00_11;

describe("a guest that dials", () => {
  it.each(["127.0.0.1", "169.254.169.254", "192.168.1.1", "8.8.8.8", "10.86.0.77"])(
    "%s is refused from there at once, and the relay dials nobody",
    async (text) => {
      const lab = await start("isolated");
      const { port, visitors } = await trap();
      const guest = await rawGuest(lab, MAC);
      for (const each of [80, port, lab.port, 10809]) {
        expect(await guest.ask(synFrame(guest.route(address(text), each)))).toEqual([
          `RST from ${text}:${each}`,
        ]);
      }
      expect(await guest.ask(datagramFrame(guest.route(address(text), 53), new Uint8Array(20)))).toEqual([
        "unreachable 0",
      ]);
      expect(visitors()).toBe(0);
      expect(lab.clients.counters()).toMatchObject({
        server: { interface: { elsewhere: 5 } },
        tcp: { unknownFlows: 4, flowsOpened: 0 },
      });
    },
  );

  it("the relay's own port, or any that is not declared, at the boot server's address is refused", async () => {
    const lab = await start("isolated");
    const { port, visitors } = await trap();
    const guest = await rawGuest(lab, MAC);
    for (const each of [lab.port, port, 22, 80, 0]) {
      expect(await guest.ask(synFrame(guest.route(SERVER, each)))).toEqual([`RST from 10.86.0.1:${each}`]);
    }
    expect(await guest.ask(datagramFrame(guest.route(SERVER, lab.port), new Uint8Array(20)))).toEqual([
      "unreachable 3",
    ]);
    expect(await guest.ask(synFrame(guest.route(SERVER, 10809)))).toEqual(["SYN ACK from 10.86.0.1:10809"]);
    expect(visitors()).toBe(0);
    expect(lab.clients.counters()).toMatchObject({
      tcp: { unknownFlows: 5, flowsOpened: 1 },
      server: { udp: { unknownPort: 1 } },
    });
  });

  it("does not reach the boot server by the name of everyone", async () => {
    const lab = await start("isolated");
    const guest = await rawGuest(lab, MAC);
    expect(await guest.ask(synFrame(guest.route(0xffffffff, 10809)))).toEqual([]);
    expect(await guest.ask(synFrame(guest.route(address("10.86.0.255"), 10809)))).toEqual([]);
  });
});

describe("a guest with a static address", () => {
  it("is served without having asked for one, and keeps to it", async () => {
    const lab = await start("isolated");
    const answers: string[] = [];
    const guest = await lab.connect({
      mac: MAC,
      observe: (frame) => {
        const answer = answerIn(frame);
        if (answer !== undefined) answers.push(answer);
      },
    });
    const from = (source: string) =>
      synFrame({ mac: MAC, source: address(source), destination: SERVER, port: 80 });
    guest.link.send(from("10.86.0.100"));
    await until(() => answers.length === 1);
    guest.link.send(from("10.86.0.101"));
    guest.link.send(from("10.86.0.100"));
    await until(() => answers.length === 2);
    expect(lab.clients.counters()).toMatchObject({ guard: { sourceAddress: 1 } });
  });
});

describe("clients of a shared segment", () => {
  it("ping each other, each from its own address", async () => {
    const lab = await start("shared");
    const one = await lab.plugIn();
    const two = await lab.plugIn();
    expect([one, two].map(({ lease }) => formatIpv4(lease.address))).toEqual(["10.86.0.100", "10.86.0.101"]);
    const data = new Uint8Array(1000).fill(7);
    expect(await one.station.ping(two.lease.address, data)).toEqual(data);
    expect(await two.station.ping(one.lease.address, data)).toEqual(data);
    expect(await endOf(one.station, 80, two.lease.address)).toBe("refused");
  });

  it("are not there for one whose segment is its own", async () => {
    const lab = await start("isolated");
    const heard: Uint8Array[] = [];
    const one = await lab.plugIn();
    const two = await lab.plugIn({ observe: (frame) => heard.push(frame) });
    const before = heard.length;
    void one.station.ping(address("10.86.0.101"), new Uint8Array(8));
    one.guest.link.send(arpClaim(one.guest.mac, one.guest.mac, one.lease.address));
    await one.station.ping(SERVER, new Uint8Array(8));
    await two.station.ping(SERVER, new Uint8Array(8));
    // ARP for the boot server, and its echo.
    expect(heard.length - before).toBe(2);
  });

  it("cannot take another's address or card: the spoofer's frames reach nobody and are counted", async () => {
    const lines: string[] = [];
    const logger = createLogger({ write: (line) => lines.push(line) });
    const lab = await start("shared", { logger });
    const victim = await lab.plugIn();
    const heard: Uint8Array[] = [];
    const peer = await lab.plugIn({ observe: (frame) => heard.push(frame) });
    const spoofer = await rawGuest(lab, MAC);
    const stolen = { mac: MAC, source: victim.lease.address, destination: SERVER, port: 10809 };
    expect(await spoofer.ask(synFrame(stolen))).toEqual([]);
    expect(await spoofer.ask(synFrame({ ...stolen, mac: victim.guest.mac }))).toEqual([]);
    await peer.station.ping(SERVER, new Uint8Array(8));
    const before = heard.length;
    spoofer.send(arpClaim(MAC, MAC, victim.lease.address));
    spoofer.send(arpClaim(MAC, victim.guest.mac, victim.lease.address));
    spoofer.send(arpClaim(MAC, MAC, SERVER));
    spoofer.send(dhcpFrame(victim.guest.mac, 1, { messageType: 7 }, victim.lease.address)); // a release
    await spoofer.ask(synFrame(stolen));
    await peer.station.ping(SERVER, new Uint8Array(8));
    // What another client hears of all that: nothing but its own echo. And the victim is there as before.
    expect(heard.length).toBe(before + 1);
    const data = new Uint8Array(100).fill(9);
    expect(await peer.station.ping(victim.lease.address, data)).toEqual(data);
    const nbd = await openDevice(victim.station);
    expect(await hashDevice(nbd)).toBe(lab.sha256);
    expect(lab.clients.counters()).toMatchObject({
      guard: { takenAddress: 3, sourceMac: 2, arpSender: 1, asServer: 1, overRateIn: 0 },
      server: { dhcp: { releases: 0 } },
    });
    // One line a reason, however often.
    expect(lines.filter((line) => line.includes("another client has"))).toHaveLength(1);
  });

  it("neither serve DHCP nor hear what others ask for", async () => {
    const lab = await start("shared");
    const rogue = await rawGuest(lab, MAC);
    const heard: Uint8Array[] = [];
    const other = await lab.plugIn({ observe: (frame) => heard.push(frame) });
    const offer = { ...rogue.route(0xffffffff, 68), sourcePort: 67 };
    await rogue.ask(datagramFrame(offer, new Uint8Array(300)));
    await other.station.ping(SERVER, new Uint8Array(8));
    const before = heard.length;
    rogue.send(dhcpFrame(MAC, 77, { messageType: 1 }));
    await rogue.ask(synFrame(rogue.route(SERVER, 80)));
    await other.station.ping(SERVER, new Uint8Array(8));
    // The server's offer, as the client asked for it by broadcast; its own echo; and not the question.
    expect(heard.slice(before)).toHaveLength(2);
    expect(lab.clients.counters()).toMatchObject({ guard: { dhcpServer: 1 } });
  });

  it("get no address that another has taken by itself", async () => {
    const lab = await start("shared");
    const mac = 0x02_00_00_00_00_22;
    const taker = await lab.connect({ mac });
    taker.link.send(arpClaim(mac, mac, address("10.86.0.100")));
    const other = await lab.plugIn();
    expect(formatIpv4(other.lease.address)).toBe("10.86.0.101");
    // It may have it leased, too.
    expect(formatIpv4((await taker.acquire()).address)).toBe("10.86.0.100");
  });

  it("leave no connection and no address behind", async () => {
    const lab = await start("shared");
    const stays = await lab.plugIn();
    const goes = await lab.plugIn();
    await openDevice(goes.station);
    expect(lab.sessions.openSessions).toBe(1);
    await goes.guest.link.close();
    await until(() => lab.sessions.openSessions === 0);
    const raw = await rawGuest(lab, MAC);
    // The address of the one that is gone is free to take; a lease would rather be a new one.
    raw.send(synFrame(raw.route(SERVER, 80)));
    expect(await stays.station.ping(SERVER, new Uint8Array(4))).toHaveLength(4);
    expect(lab.clients.counters()).toMatchObject({ tcp: { flowsOpen: 0 } });
  });

  it("go on while one of them sends what nobody understands", async () => {
    const lab = await start("shared");
    const bad = await rawGuest(lab, MAC);
    const good = await lab.plugIn();
    const nbd = await openDevice(good.station);
    for (const type of [0x86dd, 0x8100, 0x88a2, 0x88cc, 0x1234]) {
      bad.send(
        serializeEthernet({ source: MAC, destination: BROADCAST_MAC, type, payload: new Uint8Array(60) }),
      );
    }
    expect(await hashDevice(nbd)).toBe(lab.sha256);
    await bad.ask(synFrame(bad.route(SERVER, 80)));
    expect(lab.clients.counters()).toMatchObject({ guard: { ipv6: 1, etherType: 4 } });
  });
});
