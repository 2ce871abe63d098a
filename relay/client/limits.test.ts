import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { afterEach, describe, expect, it } from "vitest";
import { NBD_PORT } from "../../net/nbd/constants.ts";
import type { TcpCounters } from "../../net/tcp/counters.ts";
import { createLogger } from "../log.ts";
import { startRelay } from "../serve.ts";
import { hashDevice } from "./guest-nbd.ts";
import type { ClientLimits } from "./limits.ts";
import { SyntheticGuest } from "./synthetic-guest.ts";
import { clientLab, endOf, openDevice, SERVER, until } from "./testing/lab.ts";
import { answerIn, synFrame } from "./testing/raw-frames.ts";

const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

const start = (limits: Partial<ClientLimits>, sizeBytes = 4 * 1024 * 1024) =>
  clientLab("shared", (close) => closers.push(close), { limits, sizeBytes });

type Lab = Awaited<ReturnType<typeof start>>;

/** A guest that answers nothing: no SYN and ACK gets a RST. */
async function mute(lab: Lab) {
  const mac = 0x02_00_00_00_00_66;
  const source = SERVER + 200;
  let resets = 0;
  const guest = await lab.connect({
    mac,
    observe: (frame) => {
      if (answerIn(frame)?.startsWith("RST")) resets++;
    },
  });
  const syn = (port: number, sourcePort: number) =>
    guest.link.send(synFrame({ mac, source, destination: SERVER, port, sourcePort }));
  /** Resolves when all that was sent before has been looked at. */
  const heard = async () => {
    const before = resets;
    syn(80, 1);
    await until(() => resets > before);
  };
  return { syn, heard };
}

function tcpOf(lab: Lab) {
  const { tcp } = lab.clients.counters() as unknown as { tcp: TcpCounters };
  return tcp;
}

describe("a client's limits", () => {
  it("of TCP connections refuse one more, and are nobody else's", async () => {
    const lab = await start({ tcpFlows: 3 });
    const greedy = await lab.plugIn();
    const other = await lab.plugIn();
    for (let open = 0; open < 3; open++) await openDevice(greedy.station);
    expect(await endOf(greedy.station, NBD_PORT)).toBe("refused");
    await openDevice(other.station);
    expect(lab.clients.counters()).toMatchObject({ tcp: { flowsRefused: 1, flowsOpen: 4 } });
  });

  it("of half-open connections make a flood lose what it flooded with, while a neighbour reads", async () => {
    const lab = await start({});
    const neighbour = await lab.plugIn();
    const nbd = await openDevice(neighbour.station);
    const flooder = await mute(lab);
    const flood = async (syns: number) => {
      for (let sent = 0; sent < syns; sent++) {
        flooder.syn(NBD_PORT, 1024 + (sent % 60_000));
        // In portions, so that the relay, which is in this process, has its turns.
        if (sent % 500 === 0) await new Promise((resolve) => setImmediate(resolve));
      }
      await flooder.heard();
    };
    await flood(10_000);
    // What is kept to be used again, the buffers of reads, is there from the first read on.
    expect(await hashDevice(nbd)).toBe(lab.sha256);
    const before = heapBytes();
    let flooding = true;
    let reads = 0;
    const reading = (async () => {
      while (flooding || reads === 0) {
        expect(await hashDevice(nbd)).toBe(lab.sha256);
        reads++;
      }
    })();
    await flood(100_000);
    flooding = false;
    await reading;
    // All flows of the flood would be 150 MB.
    expect(heapBytes() - before).toBeLessThan(16 * 1024 * 1024);
    const { flowsOpen, flowsOpened, dropped } = tcpOf(lab);
    expect([flowsOpen, flowsOpened]).toEqual([1 + 32, 1 + 110_000]);
    expect(dropped.halfOpenFull).toBe(110_000 - 32);
  }, 120_000);

  it("of time end a handshake that is not completed, and a connection through which nothing goes", async () => {
    const lab = await start({ tcpHalfOpenSeconds: 1, tcpIdleSeconds: 2 });
    const { station } = await lab.plugIn();
    const flooder = await mute(lab);
    flooder.syn(NBD_PORT, 4000);
    expect(await endOf(station, NBD_PORT)).toBe("reset");
    await until(() => tcpOf(lab).handshakeTimeouts === 1);
    expect(tcpOf(lab)).toMatchObject({ idleTimeouts: 1, handshakeTimeouts: 1, flowsOpen: 0 });
  });

  it("of bytes slow a transfer down and spoil nothing of it", async () => {
    const lab = await start({ bytesPerSecond: 2_000_000 });
    const { station } = await lab.plugIn();
    const nbd = await openDevice(station);
    expect(await hashDevice(nbd)).toBe(lab.sha256);
    const { overRateOut } = (lab.clients.counters() as { guard: Record<string, number> }).guard;
    expect(overRateOut).toBeGreaterThan(0);
  }, 60_000);

  it("of packets drop what is too much, and the client's neighbour does not notice", async () => {
    const lab = await start({ packetsPerSecond: 5000 });
    const flooder = await lab.plugIn();
    const neighbour = await lab.plugIn();
    const { mac } = flooder.guest;
    const syn = synFrame({ mac, source: flooder.lease.address, destination: SERVER, port: 80 });
    for (let sent = 0; sent < 20_000; sent++) flooder.guest.link.send(syn);
    const data = new Uint8Array(32).fill(1);
    for (let round = 0; round < 20; round++) {
      expect(await neighbour.station.ping(SERVER, data)).toEqual(data);
    }
    const counters = () => (lab.clients.counters() as { guard: Record<string, number> }).guard;
    await until(() => counters().overRateIn! > 10_000);
    expect(counters().overRateIn).toBeLessThan(20_000);
  });
});

describe("netroot.toml", () => {
  it("sets the limits and the segment's mode, and /metrics has what they did", async () => {
    const tree = await mkdtemp(join(tmpdir(), "netroot-limits-"));
    closers.push(() => rm(tree, { recursive: true }));
    await mkdir(join(tree, "tftpboot"));
    await mkdir(join(tree, "exports"));
    await writeFile(join(tree, "exports/kisroot.img"), new Uint8Array(4096));
    const table = "[limits]\ntcp_flows = 1\nlog_lines_per_second = 1\n";
    await writeFile(join(tree, "netroot.toml"), `${table}[segment]\nmode = "shared"\nmtu = 1500\n`);
    const lines: string[] = [];
    const logger = createLogger({ write: (line) => lines.push(line) });
    const relay = await startRelay({ tree, listen: { port: 0 }, logger, useNbdServer: false });
    closers.push(() => relay.close());
    expect(relay.status().network.mode).toBe("shared");
    const guest = await SyntheticGuest.connect({ url: `${relay.url.replace("http", "ws")}wire` });
    closers.push(() => guest.close());
    await guest.acquire();
    const nbd = await openDevice(guest.station);
    expect(nbd.info.sizeBytes).toBe(4096);
    expect(await endOf(guest.station, NBD_PORT)).toBe("refused");

    // Two kinds of frames that are told of, after the client's own line: of three lines two are too many.
    const stray = { mac: guest.mac, source: 0x7f000001, destination: SERVER, port: 80 };
    guest.link.send(synFrame(stray));
    guest.link.send(synFrame({ ...stray, mac: guest.mac + 1 }));
    await guest.station.ping(SERVER, new Uint8Array(4));
    const metrics = await (await fetch(`${relay.url}metrics`)).text();
    expect(metrics).toContain('netroot_tcp_total{event="flowsRefused"} 1');
    expect(metrics).toContain('netroot_dropped_total{by="guard",reason="strayAddress"} 1');
    expect(metrics).toContain('netroot_dropped_total{by="guard",reason="sourceMac"} 1');
    expect(metrics).toContain('netroot_dropped_total{by="guard",reason="overRateIn"} 0');
    expect(metrics).toMatch(/netroot_log_lines_left_out_total \d+\n/);
  });
});

function heapBytes(): number {
  setFlagsFromString("--expose-gc");
  runInNewContext("gc")();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}
