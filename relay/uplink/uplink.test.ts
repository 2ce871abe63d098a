import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it, onTestFinished, vi } from "vitest";
import { AoeInitiator } from "../../net/aoe/testing/initiator.ts";
import { parseIpv4 } from "../../net/ipv4/address.ts";
import { Clients } from "../client/clients.ts";
import { afterTimeout } from "../drive.ts";
import { createLogger, silentLogger } from "../log.ts";
import { Namespace } from "./namespace.ts";
import { openUplink, type Uplink } from "./uplink.ts";

const MTU = 1500;
const CLIENT = 0x020000000a11;

function clientsOf(mode: "isolated" | "shared"): Clients {
  return new Clients(mode, { address: parseIpv4("10.86.0.1")!, prefixLength: 24, mtu: MTU, services: [] });
}

/** A shared segment with a tap in a namespace on it. */
async function start(logger = silentLogger) {
  const inside = Namespace.create();
  onTestFinished(() => inside.close());
  const clients = clientsOf("shared");
  const uplink: Uplink = await openUplink({
    name: "netroot0",
    namespace: inside.name,
    mtu: MTU,
    plugIn: (deliver) => clients.attachUplink(deliver),
    logger,
  });
  onTestFinished(() => uplink.close());
  return { inside, clients, uplink };
}

it("the kernel behind the tap pings the boot server, before any client has come and after the last has gone", async () => {
  const { inside, clients, uplink } = await start();
  await inside.run("ip", ["address", "add", "10.86.0.50/24", "dev", "netroot0"]);
  const ping = async () => (await inside.run("ping", ["-c", "2", "-i", "0.1", "10.86.0.1"])).stdout;
  expect(await ping()).toContain("2 received");
  clients.attach(1, () => {}, silentLogger).close();
  expect(await ping()).toContain("2 received");
  expect(clients.networks).toBe(1);
  expect(uplink.counters.droppedFrames).toBe(0);
  await uplink.close();
  await vi.waitFor(() => expect(clients.networks).toBe(0));
});

it("a client finds and reads the target of a real vblade on the tap", async () => {
  const { inside, clients } = await start();
  const directory = mkdtempSync(join(tmpdir(), "netroot-uplink-"));
  onTestFinished(() => rmSync(directory, { recursive: true }));
  const image = randomBytes(200 * 512);
  writeFileSync(join(directory, "image"), image);
  inside.start("/usr/sbin/vblade", ["-r", "5", "7", "netroot0", join(directory, "image")]);

  const client = clients.attach(1, (frame) => initiator.receive(frame), silentLogger);
  onTestFinished(() => client.close());
  const initiator: AoeInitiator = new AoeInitiator({
    mac: CLIENT,
    transmit: client.receive,
    after: afterTimeout,
    retryMs: 500,
  });
  const target = await initiator.discover();
  expect(target.address).toMatchObject({ shelf: 5, slot: 7 });
  const parts: Uint8Array[] = [];
  await initiator.readAll(target, { sectors: 2, depth: 8 }, (bytes) => parts.push(bytes));
  expect(Buffer.concat(parts).equals(image)).toBe(true);
});

it("a tap that is lost is logged, and the segment goes on", async () => {
  const lines: string[] = [];
  const { inside, clients } = await start(createLogger({ level: "info", write: (line) => lines.push(line) }));
  const client = clients.attach(1, () => {}, silentLogger);
  onTestFinished(() => client.close());
  await inside.run("ip", ["link", "delete", "netroot0"]);
  await vi.waitFor(() => expect(lines.join()).toContain("The segment goes on without it"));
  expect(clients.networks).toBe(1);
});

it("joins one segment, not one of many", () => {
  expect(() => clientsOf("isolated").attachUplink(() => {})).toThrow("needs the mode shared");
});
