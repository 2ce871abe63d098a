import { createHash, randomBytes } from "node:crypto";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { sectorsPerFrame } from "../../net/aoe/ata-message.ts";
import { AoeInitiator } from "../../net/aoe/testing/initiator.ts";
import { ExportHub } from "../../net/export/hub.ts";
import { parseIpv4 } from "../../net/ipv4/address.ts";
import { afterTimeout } from "../drive.ts";
import { silentLogger } from "../log.ts";
import { type Relay, startRelay } from "../serve.ts";
import { AOE_MAC } from "./aoe-targets.ts";
import { BootNetwork } from "./boot-network.ts";
import { type GuestLink, openGuestLink } from "./guest-link.ts";

const CLIENT = 0x020000000a11;
const RETRY_MS = 2_000;

/** A relay with one image, which is the target e0.1 too, and an initiator on its wire. */
async function start(mtu: number) {
  const image = randomBytes(3 * 1024 * 1024);
  const tree = await mkdtemp(join(tmpdir(), "netroot-aoe-"));
  onTestFinished(() => rm(tree, { recursive: true }));
  await mkdir(join(tree, "exports"));
  await writeFile(join(tree, "exports/kisroot.img"), image);
  await writeFile(
    join(tree, "netroot.toml"),
    `segment.mtu = ${mtu}\n[[export]]\nname = "kisroot"\nimage = "exports/kisroot.img"\naoe = "e0.1"\n`,
  );
  const relay: Relay = await startRelay({ tree, listen: { port: 0 }, logger: silentLogger });
  onTestFinished(() => relay.close());
  // The announcement is there before anything else.
  let link: GuestLink | undefined;
  const initiator = new AoeInitiator({
    mac: CLIENT,
    transmit: (frame) => link?.send(frame),
    after: afterTimeout,
    retryMs: RETRY_MS,
  });
  link = await openGuestLink(`ws://127.0.0.1:${relay.port}/wire`, {
    batch: true,
    mtu,
    receive: (frame) => initiator.receive(frame),
  });
  onTestFinished(() => link?.close());
  return { image, relay, initiator };
}

it.each([1500, 9000])(
  "an image on a real server is read whole through its AoE target, at an MTU of %i",
  async (mtu) => {
    const { image, relay, initiator } = await start(mtu);
    const target = await initiator.discover();
    expect(target).toEqual({ address: expect.objectContaining({ shelf: 0, slot: 1 }), mac: AOE_MAC });
    const { sectorsPerCommand: sectors, bufferCount } = await initiator.config(target);
    expect(sectors).toBe(sectorsPerFrame(mtu));
    const hash = createHash("sha256");
    await initiator.readAll(target, { sectors, depth: bufferCount }, (bytes) => hash.update(bytes));
    expect(hash.digest("hex")).toBe(createHash("sha256").update(image).digest("hex"));
    expect(initiator.heard[0]!.message).toMatchObject({ shelf: 0, slot: 1, tag: 0 });
    expect(relay.status().exports).toMatchObject([{ name: "kisroot", aoe: "e0.1", readBytes: image.length }]);
  },
);

it("an export that comes late is announced when it comes, and to every client that is plugged in", () => {
  const hub = new ExportHub();
  const network = new BootNetwork({
    address: parseIpv4("10.86.0.1")!,
    prefixLength: 24,
    mtu: 1500,
    services: [],
    aoe: { hub, targets: [{ name: "late", address: { shelf: 3, slot: 4 } }] },
  });
  onTestFinished(() => network.close());
  const plugIn = () => {
    const initiator = new AoeInitiator({
      mac: CLIENT,
      transmit: () => {},
      after: afterTimeout,
      retryMs: RETRY_MS,
    });
    const port = network.attach((frame) => initiator.receive(frame));
    return { port, heard: initiator.heard };
  };
  const early = plugIn();
  expect(early.heard).toEqual([]);
  const read = async (_offset: number, length: number) => new Uint8Array(length);
  hub.add({ name: "other", sizeBytes: 512, readOnly: true, description: "memory", read });
  expect(early.heard).toEqual([]);
  hub.add({ name: "late", sizeBytes: 512, readOnly: true, description: "memory", read });
  expect(early.heard).toMatchObject([{ from: AOE_MAC, message: { shelf: 3, slot: 4, tag: 0 } }]);
  expect(network.clients).toBe(1);
  const later = plugIn();
  expect(later.heard).toMatchObject([{ message: { shelf: 3, slot: 4 } }]);
  expect(network.clients).toBe(2);
  later.port.detach();
  later.port.detach();
  expect(network.clients).toBe(1);
});
