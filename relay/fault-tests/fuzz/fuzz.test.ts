import { createHash, randomBytes } from "node:crypto";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { afterAll, beforeAll, expect, it } from "vitest";
import { parseIpv4 } from "../../../net/ipv4/address.ts";
import { NBD_PORT } from "../../../net/nbd/constants.ts";
import { MAX_BATCH_BYTES, serializeBatch } from "../../../net/wire/batch.ts";
import { type GuestLink, openGuestLink } from "../../client/guest-link.ts";
import { GuestNbd, hashDevice } from "../../client/guest-nbd.ts";
import { SyntheticGuest } from "../../client/synthetic-guest.ts";
import { createLogger } from "../../log.ts";
import { type Relay, startRelay } from "../../serve.ts";
import { captureCorpus } from "./corpus.ts";
import { mutant } from "./mutate.ts";
import { Random } from "./random.ts";

const MTU = 1500;
const SERVER = parseIpv4("10.86.0.1")!;
const FRAMES = 1_000_000;
/** A client that is disconnected, and one in its place, so often: what a client leaves behind would add up. */
const CLIENTS = 20;
const IMAGE_BYTES = 4 * 1024 * 1024;
/** What may be left of a million frames: two octets of each, and the compiler's own. */
const MAX_GROWTH_BYTES = 2 * 1024 * 1024;

let tree: string;
let relay: Relay;
let sha256: string;
const complaints: string[] = [];
const wire = () => `${relay.url.replace("http", "ws")}wire`;

beforeAll(async () => {
  tree = await mkdtemp(join(tmpdir(), "netroot-fuzz-"));
  await mkdir(join(tree, "tftpboot/boot"), { recursive: true });
  await mkdir(join(tree, "exports"));
  const image = randomBytes(IMAGE_BYTES);
  await writeFile(join(tree, "exports/kisroot.img"), image);
  await writeFile(join(tree, "tftpboot/boot/linux"), randomBytes(10_000));
  await writeFile(join(tree, "netroot.toml"), `[segment]\nmtu = ${MTU}\n`);
  sha256 = createHash("sha256").update(image).digest("hex");
  const logger = createLogger({ level: "error", write: (line) => complaints.push(line) });
  relay = await startRelay({ tree, listen: { port: 0 }, logger, useNbdServer: false });
});

afterAll(async () => {
  await relay?.close();
  await rm(tree, { recursive: true });
});

it("a million malformed frames end nobody's link, leave nothing behind and disturb no neighbour", {
  timeout: 600_000,
}, async () => {
  const corpus = await captureCorpus(wire(), MTU);
  expect(corpus.length).toBeGreaterThan(50);
  const neighbour = await SyntheticGuest.connect({ url: wire(), mtu: MTU });
  await neighbour.acquire();
  const device = await openDevice(neighbour);

  const random = new Random(4);
  await sendMutants(corpus, random, FRAMES / CLIENTS);
  await until(() => relay.status().clients === 1);
  const heapBefore = await heapBytes();

  let fuzzing = true;
  let reads = 0;
  const reading = (async () => {
    while (fuzzing || reads === 0) {
      expect(await hashDevice(device)).toBe(sha256);
      reads += 1;
    }
  })();
  for (let client = 1; client < CLIENTS; client++) await sendMutants(corpus, random, FRAMES / CLIENTS);
  fuzzing = false;
  await reading;
  expect(reads).toBeGreaterThan(0);
  await until(() => relay.status().clients === 1);
  expect((await heapBytes()) - heapBefore).toBeLessThan(MAX_GROWTH_BYTES);

  await device.disconnect();
  await neighbour.close();
  await until(() => relay.status().clients === 0);
  expect(complaints).toEqual([]);
});

/** One client, which is there to its last frame: then it is still answered. */
async function sendMutants(corpus: readonly Uint8Array[], random: Random, count: number): Promise<void> {
  let answered = 0;
  const link = await openGuestLink(wire(), { batch: true, mtu: MTU, receive: () => answered++ });
  // Unchanged, so that the relay knows from whom the rest comes: what another one says is dropped before it is read.
  await deliver(link, serializeBatch(corpus));
  let frames: Uint8Array[] = [];
  let bytes = 0;
  for (let sent = 0; sent < count; sent++) {
    const frame = mutant(corpus, random);
    frames.push(frame);
    bytes += 2 + frame.length;
    if (bytes > MAX_BATCH_BYTES - 10_000) {
      await deliver(link, serializeBatch(frames));
      frames = [];
      bytes = 0;
    }
  }
  await deliver(link, serializeBatch(frames));
  // ARP requests of the corpus, unchanged.
  const before = answered;
  for (const frame of corpus) link.send(frame);
  await until(() => answered > before);
  const closed = await Promise.race([link.closed, Promise.resolve("open")]);
  expect(closed).toBe("open");
  await link.close();
}

/** Now and then the relay gets its turn: it is in this process. */
async function deliver(link: GuestLink, message: Uint8Array): Promise<void> {
  link.sendMessage(message);
  await new Promise((resolve) => setImmediate(resolve));
}

function openDevice(guest: SyntheticGuest): Promise<GuestNbd> {
  const peer = { address: SERVER, port: NBD_PORT };
  return GuestNbd.open((handler) => guest.station.connect(peer, handler), "kisroot");
}

/** Buffers are freed after the collection that found them dead: the next one waits for that. */
async function heapBytes(): Promise<number> {
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as () => void;
  for (let times = 0; times < 3; times++) {
    collect();
    await new Promise((resolve) => setImmediate(resolve));
  }
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 5));
}
