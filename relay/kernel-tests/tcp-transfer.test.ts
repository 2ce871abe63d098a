import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { rmSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { RandomBytes } from "../../net/clock.ts";
import { Gateway } from "../../net/gateway/gateway.ts";
import { type Dial, forward } from "../../net/gateway/splice.ts";
import { dialTcp } from "../exports/socket-stream.ts";
import type { Impairment } from "./impaired-wire.ts";
import { KernelPeer, OURS } from "./kernel-peer.ts";
import { type NbdServer, startNbdkit } from "./nbdkit.ts";

// A real nbdcopy on a real kernel reads a real nbdkit, and all that is between them is ours.

const SIZE = "512M";
const TIMEOUT_MS = 240_000;

let server: NbdServer;

beforeAll(async () => {
  server = await startNbdkit(SIZE);
}, TIMEOUT_MS);

afterAll(() => server?.close());

interface Copy {
  readonly random?: RandomBytes;
  readonly impairment?: Impairment;
  /** Stops nbdcopy for this long in the middle of its work. */
  readonly freezeMs?: number;
}

async function copy({ random, impairment = {}, freezeMs }: Copy) {
  const dial: Dial = (_, handler) => dialTcp({ path: server.socketPath }, handler);
  const services = [{ port: 10809, service: forward(dial, { host: "nbdkit", port: 10809 }) }];
  const peer = await KernelPeer.create((options) => new Gateway({ ...options, services }), random);
  const file = join(server.folder, `copy-${peer.namespace.name}`);
  try {
    const wires = peer.impair(impairment);
    const nbdcopy = peer.namespace.start("nbdcopy", [`nbd://${OURS}/`, file]);
    let complaint = "";
    nbdcopy.stderr?.on("data", (text) => {
      complaint += text;
    });
    const exited = once(nbdcopy, "exit");
    if (freezeMs !== undefined) await freeze(nbdcopy, freezeMs, peer.tcp);
    const [code] = await exited;
    expect({ code, complaint }).toEqual({ code: 0, complaint: "" });
    const { stdout } = await peer.namespace.run("sha256sum", [file]);
    expect(stdout.slice(0, 64)).toBe(server.sha256);
    return { counters: peer.tcp.counters, wires };
  } finally {
    rmSync(file, { force: true });
    await peer.close();
    expect(peer.tcp.counters.flowsOpen).toBe(0);
  }
}

async function freeze(nbdcopy: ChildProcess, ms: number, gateway: Gateway): Promise<void> {
  while (gateway.counters.octetsOut < 50_000_000 && nbdcopy.exitCode === null) await sleep(10);
  nbdcopy.kill("SIGSTOP");
  await sleep(ms);
  nbdcopy.kill("SIGCONT");
}

describe("nbdcopy of 512 MiB", () => {
  test("plain", { timeout: TIMEOUT_MS }, async () => {
    const { counters } = await copy({});
    expect(counters.dropped.checksum).toBe(0);
  });

  test("with one frame in a hundred lost, in both directions", { timeout: TIMEOUT_MS }, async () => {
    const { counters, wires } = await copy({ impairment: { loss: 0.01 } });
    expect(wires[0].lost).toBeGreaterThan(1000);
    expect(counters.fastRetransmits).toBeGreaterThan(0);
  });

  test("with frames late, out of order and twice", { timeout: TIMEOUT_MS }, async () => {
    const { wires } = await copy({ impairment: { delayMs: 1, reorder: 0.05, duplicate: 0.01 } });
    expect(wires[0].duplicated).toBeGreaterThan(1000);
    expect(wires[0].overtook).toBeGreaterThan(10_000);
  });

  test("with a reader that is frozen for ten seconds", { timeout: TIMEOUT_MS }, async () => {
    const { counters } = await copy({ freezeMs: 10_000 });
    expect(counters.zeroWindowProbes).toBeGreaterThan(0);
  });

  test("with sequence numbers that wrap", { timeout: TIMEOUT_MS }, async () => {
    // Our initial sequence number is the first word asked for: it wraps within the first 64 KiB.
    const { counters } = await copy({ random: (length) => new Uint8Array(length).fill(0xff).fill(0, 2, 4) });
    expect(counters.dropped.checksum).toBe(0);
  });
});
