import { execFile } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { once } from "node:events";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { type AddressInfo, createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { WebSocket } from "ws";
import type { DhcpMessage } from "../net/dhcp/message.ts";
import { CLIENT_HARDWARE, type PxeClient, pxeDiscoverBytes } from "../net/dhcp/testing/pxe-clients.ts";
import { etherType, parseEthernet } from "../net/ethernet/ethernet.ts";
import { readMac } from "../net/ethernet/mac.ts";
import { formatIpv4, parseIpv4 } from "../net/ipv4/address.ts";
import { NBD_PORT } from "../net/nbd/constants.ts";
import { NBD_SUBPROTOCOL } from "../net/near/offer.ts";
import { dhcpAnswer, dhcpPayloadFrame } from "./client/guest-dhcp.ts";
import { GuestNbd, hashDevice } from "./client/guest-nbd.ts";
import { type GuestOptions, SyntheticGuest } from "./client/synthetic-guest.ts";
import { silentLogger } from "./log.ts";
import { type Relay, type RelayOptions, startRelay } from "./serve.ts";

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

async function start(options: Partial<RelayOptions> = {}): Promise<Relay> {
  const relay = await startRelay({ tree, listen: { port: 0 }, logger: silentLogger, ...options });
  closers.push(() => relay.close());
  return relay;
}

/** A relay whose exports are there: on a busy machine nbd-server may take longer than the relay waits for it. */
async function startReady(options: Partial<RelayOptions> = {}): Promise<Relay> {
  const relay = await start(options);
  await until(() => relay.status().exports.every(({ state }) => state === "ready"));
  return relay;
}

async function plugIn(relay: Relay, options: Partial<GuestOptions> = {}): Promise<SyntheticGuest> {
  const guest = await SyntheticGuest.connect({ url: `${relay.url.replace("http", "ws")}wire`, ...options });
  closers.push(() => guest.close());
  return guest;
}

/** The root image of the tree: random bytes. */
async function writeImage(sizeBytes: number): Promise<{ path: string; sha256: string }> {
  const path = join(tree, "exports/kisroot.img");
  await mkdir(join(tree, "exports"), { recursive: true });
  await writeFile(path, randomBytes(sizeBytes));
  return { path, sha256: await sha256Of(path) };
}

async function sha256Of(path: string): Promise<string> {
  return createHash("sha256")
    .update(await readFile(path))
    .digest("hex");
}

function listenOn(server: Server): Promise<number> {
  return new Promise((resolve) => {
    server.listen(0, "127.0.0.1", () => resolve((server.address() as AddressInfo).port));
  });
}

async function openDevice(guest: SyntheticGuest, name = "kisroot"): Promise<GuestNbd> {
  const { server } = await guest.acquire();
  const peer = { address: server, port: NBD_PORT };
  return GuestNbd.open((handler) => guest.station.connect(peer, handler), name);
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
    });
    expect(lease.options.interfaceMtu, "a card that can do no more is not asked to").toBeUndefined();
    const data = new Uint8Array(1400).map((_, index) => index);
    expect(await guest.station.ping(lease.server, data)).toEqual(data);
    expect(types).toEqual(new Set([etherType.ipv4, etherType.arp]));
  });

  it("may be written in another language, and send a frame a message", async () => {
    const relay = await start();
    const client = fileURLToPath(new URL("./wire/raw-client.py", import.meta.url));
    const { stdout } = await promisify(execFile)("/usr/bin/python3", [
      client,
      `${relay.url.replace("http", "ws")}wire`,
    ]);
    expect(stdout).toBe("10.86.0.100 10.86.0.1 02:6e:72:00:00:01 from another language\n");
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

describe("a machine that boots from its network card", () => {
  /** The answer to the DISCOVER of a boot ROM, or of iPXE. */
  async function offerTo(client: PxeClient, relay: Relay) {
    const mac = readMac(CLIENT_HARDWARE, 0);
    const offers: DhcpMessage[] = [];
    const observe = (frame: Uint8Array) => {
      const answer = dhcpAnswer(frame);
      if (answer !== undefined) offers.push(answer);
    };
    const guest = await plugIn(relay, { mac, observe });
    guest.link.send(dhcpPayloadFrame(mac, pxeDiscoverBytes(client)));
    await until(() => offers.length > 0);
    return offers[0]!;
  }

  it("is told to load the tree's pxelinux.0, or nothing where there is none", async () => {
    const without = await offerTo("rom", await start());
    expect([without.bootFile, without.options.vendorClass]).toEqual(["", undefined]);
    await writeFile(join(tree, "tftpboot/pxelinux.0"), "");
    const relay = await start();
    expect(await offerTo("rom", relay)).toMatchObject({ bootFile: "pxelinux.0", serverName: "10.86.0.1" });
    expect(await offerTo("ipxe", relay)).toMatchObject({ bootFile: "http://10.86.0.1/netroot.ipxe" });
  });

  it("is told to load pxelinux.0 by iPXE too, where netroot.toml wants no script", async () => {
    await writeFile(join(tree, "tftpboot/pxelinux.0"), "");
    await writeFile(join(tree, "netroot.toml"), "[boot]\nipxe = false\n");
    expect(await offerTo("ipxe", await start())).toMatchObject({ bootFile: "pxelinux.0" });
  });

  it("finds the script by TFTP where port 80 leads elsewhere", async () => {
    await writeFile(join(tree, "netroot.toml"), '[[forward]]\nport = 80\nto = "127.0.0.1:80"\n');
    expect(await offerTo("ipxe", await start())).toMatchObject({ bootFile: "netroot.ipxe" });
  });

  it("is told what netroot.toml says, and a person is told what is not there", async () => {
    await writeFile(
      join(tree, "netroot.toml"),
      `[boot]\nfile = "undionly.kpxe"\nipxe = "http://10.86.0.1/menu.ipxe"\nconfig = "pxelinux.cfg/class"\n`,
    );
    const relay = await start();
    expect(await offerTo("rom", relay)).toMatchObject({
      bootFile: "undionly.kpxe",
      options: { pxelinuxConfigFile: "pxelinux.cfg/class" },
    });
    expect(await offerTo("ipxe", relay)).toMatchObject({ bootFile: "http://10.86.0.1/menu.ipxe" });
    const missing = relay.status().notices.filter(({ code }) => code === "boot-file-missing");
    expect(missing).toHaveLength(2);
  });
});

describe("a guest's device", () => {
  it("is the image on the real nbd-server, byte for byte, in either framing and for two guests at once", async () => {
    const { sha256, path } = await writeImage(24 * 1024 * 1024 + 512);
    const relay = await startReady();
    expect(relay.status().exports).toMatchObject([
      {
        name: "kisroot",
        state: "ready",
        readOnly: true,
        description: expect.stringMatching(/^nbd-server on /),
      },
    ]);
    const guests = await Promise.all([plugIn(relay, { batch: true }), plugIn(relay, { batch: false })]);
    const devices = await Promise.all(guests.map((guest) => openDevice(guest)));
    expect(devices.map(({ info }) => [info.sizeBytes, info.readOnly])).toEqual(
      Array(2).fill([24 * 1024 * 1024 + 512, true]),
    );
    expect(await Promise.all(devices.map((nbd) => hashDevice(nbd)))).toEqual([sha256, sha256]);
    expect(relay.status().exports[0]).toMatchObject({ readBytes: 2 * (24 * 1024 * 1024 + 512) });
    for (const nbd of devices) {
      expect(await nbd.disconnect()).toEqual({ kind: "lost", reason: "finished" });
    }
    expect(await sha256Of(path)).toBe(sha256);
  });

  it("is read from the file where nbd-server may not be used, and the status says so", async () => {
    const { sha256 } = await writeImage(4 * 1024 * 1024);
    const relay = await startReady({ useNbdServer: false });
    expect(relay.status().exports).toMatchObject([{ notice: expect.stringContaining("nbd-server") }]);
    expect(await hashDevice(await openDevice(await plugIn(relay)))).toBe(sha256);
  });

  it("goes on being read while another client sends garbage and a third one hangs", async () => {
    const { sha256 } = await writeImage(16 * 1024 * 1024);
    const relay = await startReady();
    const [good, bad, stuck] = [await plugIn(relay), await plugIn(relay), await plugIn(relay)];
    const stuckDevice = await openDevice(stuck);
    for (let offset = 0; offset < 16; offset++)
      void stuckDevice.read(offset * 2 ** 20, 2 ** 20).catch(() => {});
    stuck.link.pause();
    let done = false;
    const noise = (async () => {
      while (!done) {
        bad.link.sendMessage(randomBytes(Math.floor(Math.random() * 4000)));
        bad.link.send(randomBytes(14 + Math.floor(Math.random() * 1500)));
        await new Promise((resolve) => setImmediate(resolve));
      }
    })();
    expect(await hashDevice(await openDevice(good))).toBe(sha256);
    done = true;
    await noise;
  });

  it("that does not exist is refused with the names of those that do", async () => {
    await writeImage(4096);
    const guest = await plugIn(await startReady());
    await expect(openDevice(guest, "rootfs")).rejects.toThrow('no export "rootfs" here; there is: kisroot');
  });

  it("is reset, not left hanging, when the relay closes in the middle of a read", async () => {
    await writeImage(16 * 1024 * 1024);
    const relay = await startReady();
    const guest = await plugIn(relay);
    const nbd = await openDevice(guest);
    const reading = hashDevice(nbd);
    reading.catch(() => {});
    await nbd.read(0, 4096);
    await relay.close();
    expect(await guest.link.closed).toBe(1001);
    await guest.close();
    await expect(reading).rejects.toThrow("the NBD connection is over");
  });
});

describe("/metrics", () => {
  /** Every sample by its name and labels; the text format of Prometheus, version 0.0.4. */
  async function scrape(relay: Relay): Promise<Map<string, number>> {
    const response = await fetch(new URL("metrics", relay.url));
    expect(response.headers.get("content-type")).toContain("version=0.0.4");
    const samples = new Map<string, number>();
    for (const line of (await response.text()).split("\n")) {
      if (line === "" || line.startsWith("# ")) continue;
      const sample = /^([a-z_]+(?:\{(?:[a-z]+="[^"]*",?)*\})?) ([0-9.e+-]+)$/.exec(line);
      expect(sample, line).not.toBeNull();
      samples.set(sample![1]!, Number(sample![2]));
    }
    return samples;
  }

  it("says what a guest did, and still says it when the guest is gone", async () => {
    await writeImage(1024 * 1024);
    const relay = await startReady();
    const before = await scrape(relay);
    expect(before.get('netroot_clients{way="wire"}')).toBe(0);
    expect(before.get('netroot_export_ready{export="kisroot"}')).toBe(1);
    const guest = await plugIn(relay);
    const device = await openDevice(guest);
    await hashDevice(device);
    guest.link.send(new Uint8Array(60).fill(0xee));
    // Behind it on the same socket: once this is answered, the frame was seen.
    await guest.station.ping(parseIpv4("10.86.0.1")!, new Uint8Array(8));

    const during = await scrape(relay);
    expect(during.get('netroot_clients{way="wire"}')).toBe(1);
    expect(during.get('netroot_tcp_flows{state="open"}')).toBe(1);
    expect(during.get("netroot_nbd_sessions")).toBe(1);
    expect(during.get('netroot_boot_server_total{part="dhcp",event="acks"}')).toBe(1);
    expect(during.get('netroot_export_bytes_total{export="kisroot",operation="read"}')).toBe(1024 * 1024);
    expect(during.get('netroot_export_seconds_count{export="kisroot",operation="read"}')).toBe(8);
    expect(during.get('netroot_export_seconds_bucket{le="+Inf",export="kisroot",operation="read"}')).toBe(8);
    expect(during.get('netroot_frame_bytes_total{way="wire",direction="out"}')).toBeGreaterThan(1024 * 1024);
    const dropped = [...during].filter(([name]) => name.startsWith('netroot_dropped_total{by="guard"'));
    expect(dropped.reduce((sum, [, value]) => sum + value, 0)).toBe(1);

    await device.disconnect();
    await guest.close();
    await until(() => relay.status().clients === 0);
    const after = await scrape(relay);
    expect(after.get('netroot_tcp_flows{state="open"}')).toBe(0);
    for (const [name, value] of during) {
      if (/_total|_count|_bucket|_sum/.test(name))
        expect(after.get(name), name).toBeGreaterThanOrEqual(value);
    }
  });
});

describe("a forward", () => {
  it("leads to its declared target and nowhere else", async () => {
    const echo = createServer((socket) => void socket.pipe(socket));
    const port = await listenOn(echo);
    closers.push(() => echo.close());
    await writeFile(join(tree, "netroot.toml"), `[[forward]]\nport = 7\nto = "localhost:${port}"\n`);
    const guest = await plugIn(await start());
    const { server } = await guest.acquire();
    const converse = (to: number) =>
      new Promise<string>((resolve) => {
        let said = "";
        const stream = guest.station.connect(
          { address: server, port: to },
          {
            data: (bytes) => {
              said += new TextDecoder().decode(bytes);
            },
            end: () => {},
            drained: () => {},
            closed: (reason) => resolve(`${said}${reason}`),
          },
        );
        stream.write(new TextEncoder().encode("hello, "));
        stream.end();
      });
    expect(await converse(7)).toBe("hello, finished");
    expect(await converse(port)).toBe("refused");
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

  it("ends while a client that was sent away asks for its socket again", async () => {
    const relay = await start();
    const exports = `${relay.url.replace("http", "ws")}exports`;
    // It does not say goodbye in return: until it is cut off, those who come back find the relay still closing.
    const slow = new WebSocket(exports, NBD_SUBPROTOCOL);
    closers.push(() => slow.terminate());
    await once(slow, "open");
    slow.pause();
    let asked = 0;
    const ask = () => {
      asked += 1;
      const socket = new WebSocket(exports, NBD_SUBPROTOCOL);
      socket.on("error", () => {});
      if (asked < 20) socket.on("close", ask);
      return socket;
    };
    await once(ask(), "open");
    await relay.close();
    expect(asked).toBeGreaterThan(1);
  });

  it("can be started again at once on the same port", async () => {
    const { port, close } = await start();
    await close();
    const again = await startRelay({ tree, listen: { port }, logger: silentLogger });
    await again.close();
  });

  it("says what is wrong with its tree, and serves it all the same", async () => {
    const relay = await start();
    expect(relay.status().notices.map(({ code }) => code)).toEqual(["menu-missing", "no-exports"]);
    await relay.close();
    await writeFile(
      join(tree, "tftpboot/pxelinux.cfg/default"),
      "LABEL a\nKERNEL gone\nAPPEND initrd=../x\n",
    );
    const other = await start();
    expect(other.status().notices.slice(0, 2)).toEqual([
      { code: "boot-file-missing", message: expect.stringContaining("entry a names gone, which is not in") },
      { code: "boot-file-missing", message: expect.stringContaining("names ../x, which lies outside") },
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
  import { mkdir, writeFile } from "node:fs/promises";
  import { startRelay } from "./relay/serve.ts";
  import { SyntheticGuest } from "./relay/client/synthetic-guest.ts";
  import { silentLogger as logger } from "./relay/log.ts";
  const tree = process.argv[1];
  await mkdir(tree + "/exports", { recursive: true });
  await writeFile(tree + "/exports/kisroot.img", new Uint8Array(65536));
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
