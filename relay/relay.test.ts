import { execFile } from "node:child_process";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { etherType, parseEthernet } from "../net/ethernet/ethernet.ts";
import { formatIpv4 } from "../net/ipv4/address.ts";
import { type GuestOptions, SyntheticGuest } from "./client/synthetic-guest.ts";
import { silentLogger } from "./log.ts";
import { type Relay, startRelay } from "./serve.ts";

let tree: string;
const closers: (() => unknown)[] = [];

beforeEach(async () => {
  tree = await mkdtemp(join(tmpdir(), "netroot-relay-"));
  await mkdir(join(tree, "tftpboot/pxelinux.cfg"), { recursive: true });
});
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
  await rm(tree, { recursive: true });
});

async function start(): Promise<Relay> {
  const relay = await startRelay({ tree, listen: { port: 0 }, logger: silentLogger });
  closers.push(() => relay.close());
  return relay;
}

async function plugIn(relay: Relay, options: Partial<GuestOptions> = {}): Promise<SyntheticGuest> {
  const guest = await SyntheticGuest.connect({ url: `${relay.url.replace("http", "ws")}wire`, ...options });
  closers.push(() => guest.close());
  return guest;
}

async function until(condition: () => boolean) {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 5));
}

describe("a guest on the wire", () => {
  it.each([
    ["in batches", true],
    ["one frame a message", false],
  ])("gets its address, finds the boot server by ARP and pings it, %s", async (_, batch) => {
    const types = new Set<number>();
    const guest = await plugIn(await start(), {
      batch,
      observe: (bytes) => {
        const frame = parseEthernet(bytes);
        if (frame.kind !== "malformed") types.add(frame.type);
      },
    });
    const lease = await guest.acquire();
    expect(formatIpv4(lease.address)).toBe("10.86.0.100");
    expect(formatIpv4(lease.server)).toBe("10.86.0.1");
    expect(lease.options).toMatchObject({
      subnetMask: 0xffffff00,
      routers: [lease.server],
      domainNameServers: [lease.server],
      interfaceMtu: 1500,
    });
    const data = new Uint8Array(1400).map((_, index) => index);
    expect(await guest.station.ping(lease.server, data)).toEqual(data);
    expect(types).toEqual(new Set([etherType.ipv4, etherType.arp]));
  });

  it("sees nothing of its neighbour, who has the same address", async () => {
    const relay = await start();
    const seen: [Uint8Array[], Uint8Array[]] = [[], []];
    const first = await plugIn(relay, { observe: (frame) => void seen[0].push(frame) });
    const second = await plugIn(relay, { observe: (frame) => void seen[1].push(frame) });
    const leases = [await first.acquire(), await second.acquire()] as const;
    expect(leases[0].address).toBe(leases[1].address);
    for (let round = 0; round < 50; round++) {
      await first.station.ping(leases[0].server, new Uint8Array(32).fill(0xaa));
      await second.station.ping(leases[1].server, new Uint8Array(32).fill(0xbb));
    }
    const has = (frames: Uint8Array[], octet: number) =>
      frames.some((frame) => frame.length > 32 && frame.subarray(-32).every((each) => each === octet));
    expect([has(seen[0], 0xaa), has(seen[0], 0xbb)]).toEqual([true, false]);
    expect([has(seen[1], 0xaa), has(seen[1], 0xbb)]).toEqual([false, true]);
  });

  it("is not disturbed by one that sends garbage", async () => {
    const relay = await start();
    const good = await plugIn(relay);
    const bad = await plugIn(relay, { batch: true });
    const { server } = await good.acquire();
    await bad.acquire();
    for (let round = 0; round < 200; round++) {
      const length = Math.floor(Math.random() * 3000);
      bad.link.sendMessage(crypto.getRandomValues(new Uint8Array(length)));
      bad.link.send(crypto.getRandomValues(new Uint8Array(14 + Math.floor(Math.random() * 1500))));
      if (round % 20 === 0) await good.station.ping(server, Uint8Array.of(round));
    }
    // Even the one that did it is served still.
    expect(await bad.station.ping(server, Uint8Array.of(1))).toEqual(Uint8Array.of(1));
    expect(relay.status().clients).toBe(2);
  });
});

describe("the relay", () => {
  it("frees what belongs to a client when it leaves, and everything when it closes", async () => {
    const relay = await start();
    const guests = [await plugIn(relay), await plugIn(relay), await plugIn(relay)];
    for (const guest of guests) await guest.acquire();
    expect(relay.status().clients).toBe(3);
    await guests[0]!.close();
    await until(() => relay.status().clients === 2);
    await relay.close();
    expect(relay.status().clients).toBe(0);
    for (const guest of guests) expect(await guest.link.closed).toBeGreaterThanOrEqual(1000);
  });

  it("leaves no handle open: a process that used it ends by itself", async () => {
    const { stdout } = await promisify(execFile)(
      process.execPath,
      ["--import", "tsx", "--input-type=module", "-e", LIFE_OF_A_RELAY, tree],
      { cwd: fileURLToPath(new URL("..", import.meta.url)), timeout: 30_000 },
    );
    expect(JSON.parse(stdout)).toEqual([]);
  });

  it("can be started again at once on the same port", async () => {
    const { port, close } = await start();
    await close();
    const again = await startRelay({ tree, listen: { port }, logger: silentLogger });
    await again.close();
  });

  it("says what is wrong with its tree, and serves it all the same", async () => {
    const relay = await start();
    expect(relay.status().notices).toMatchObject([{ code: "menu-missing" }]);
    await relay.close();
    await writeFile(
      join(tree, "tftpboot/pxelinux.cfg/default"),
      "LABEL a\nKERNEL gone\nAPPEND initrd=../x\n",
    );
    const other = await start();
    expect(other.status().notices.map(({ message }) => message)).toEqual([
      expect.stringContaining("The boot entry a names gone, which is not in"),
      expect.stringContaining("names ../x, which lies outside"),
    ]);
  });

  it("refuses a tree that is none, and a port that is taken", async () => {
    const { port } = await start();
    await expect(startRelay({ tree: join(tree, "gone"), logger: silentLogger })).rejects.toThrow(
      "There is no boot tree at",
    );
    await expect(startRelay({ tree, listen: { port }, logger: silentLogger })).rejects.toThrow("is in use");
  });
});

/** Prints what keeps the process alive once a relay that had a client, and one that could not start, are closed. */
const LIFE_OF_A_RELAY = `
  import { startRelay } from "./relay/serve.ts";
  import { SyntheticGuest } from "./relay/client/synthetic-guest.ts";
  import { silentLogger as logger } from "./relay/log.ts";
  const tree = process.argv[1];
  const relay = await startRelay({ tree, listen: { port: 0 }, logger });
  await startRelay({ tree, listen: { port: relay.port }, logger }).then(() => process.exit(1), () => {});
  const url = relay.url.replace("http", "ws") + "wire";
  const guests = [await SyntheticGuest.connect({ url }), await SyntheticGuest.connect({ url, batch: false })];
  for (const guest of guests) await guest.acquire();
  await guests[0].close();
  await relay.close();
  await guests[1].close();
  await new Promise((resolve) => setTimeout(resolve, 100));
  console.log(JSON.stringify(process.getActiveResourcesInfo().filter((each) => !/^(Pipe|TTY)Wrap$/.test(each))));
`;
