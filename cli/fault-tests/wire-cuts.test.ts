import { afterAll, beforeAll, expect, it } from "vitest";
import { netmask, parseIpv4 } from "../../net/ipv4/address.ts";
import { NBD_PORT } from "../../net/nbd/constants.ts";
import { GuestNbd, hashDevice } from "../../relay/client/guest-nbd.ts";
import { GuestStation } from "../../relay/client/guest-station.ts";
import { Lab } from "../../relay/fault-tests/lab.ts";
import { Wire } from "../../worker/wire/wire.ts";
import { nodePlatform } from "../engine/node-platform.ts";
import { startCuttingProxy } from "./cutting-proxy.ts";

const MEBIBYTE = 1024 * 1024;
const IMAGE_BYTES = 256 * MEBIBYTE;
const CUT_EVERY_BYTES = 16 * MEBIBYTE;
const LONG_CUT = 8;
const SERVER = parseIpv4("10.86.0.1")!;

let lab: Lab;
beforeAll(async () => {
  lab = await Lab.open(IMAGE_BYTES);
});
afterAll(() => lab?.close());

it("a guest reads 256 MB over a wire that is cut again and again, and never notices", {
  timeout: 300_000,
}, async () => {
  const relay = await lab.relay();
  const proxy = await startCuttingProxy(relay.port);
  const { mtu } = relay.status();
  let bytes = 0;
  let cuts = 0;
  let lost = 0;
  const wire = new Wire({
    url: `ws://127.0.0.1:${proxy.port}/wire`,
    mtu,
    openSocket: nodePlatform.openSocket,
    after: nodePlatform.after,
    random: nodePlatform.random,
    receive: (frame) => {
      bytes += frame.length;
      station.receive(frame);
      if (bytes / CUT_EVERY_BYTES <= cuts + 1) return;
      cuts += 1;
      // Once the network stays away: some attempts fail, each later than the one before.
      if (cuts === LONG_CUT) proxy.refuse(5);
      // Every other time the relay does not hear of it, and goes on sending into a socket that nobody reads.
      if (cuts % 2 === 0) proxy.cutClients();
      else proxy.cut();
    },
    changed: (state) => {
      if (state === "lost") lost += 1;
    },
  });
  const station = new GuestStation(
    { address: parseIpv4("10.86.0.100")!, server: SERVER, options: { subnetMask: netmask(24) } },
    { mac: 0x02_00_00_00_00_07, mtu, transmit: (frame) => wire.send(frame) },
  );
  wire.open();
  try {
    const peer = { address: SERVER, port: NBD_PORT };
    const device = await GuestNbd.open((handler) => station.connect(peer, handler), "kisroot");
    expect(await hashDevice(device)).toBe(lab.sha256);
    expect(cuts).toBeGreaterThanOrEqual(IMAGE_BYTES / CUT_EVERY_BYTES - 2);
    expect(station.tcp.counters.flowsOpened).toBe(1);
    expect(station.tcp.counters.resetsIn).toBe(0);
    expect(lost).toBe(1);
    expect(relay.status().clients).toBe(1);
    await device.disconnect();
    await until(() => wire.state === "open");
    station.close();
    wire.close();
    await until(() => relay.status().clients === 0);
  } finally {
    station.close();
    wire.close();
    await proxy.close();
  }
});

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 5));
}
