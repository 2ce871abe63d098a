import { createHash } from "node:crypto";
import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import type { GuestNbd } from "../client/guest-nbd.ts";
import { MortalServer } from "../exports/testing/mortal-server.ts";
import { isInstalled } from "../exports/testing/programs.ts";
import { Lab } from "./lab.ts";
import { nbdServersOf } from "./nbd-servers.ts";

const MEBIBYTE = 1024 * 1024;
const IMAGE_BYTES = 64 * MEBIBYTE;
const REQUEST_BYTES = 128 * 1024;
const DEPTH = 8;
const FROZEN_MS = 30_000;

let lab: Lab;
beforeAll(async () => {
  lab = await Lab.open(IMAGE_BYTES);
});
afterEach(() => lab.tidy());
afterAll(() => lab?.close());

interface ReadOptions {
  /** How often the whole device is read. */
  readonly times?: number;
  /** Called at each request, with how much was asked for before it, in MiB. */
  readonly at?: (mebibytes: number) => Promise<void>;
  /** A request that fails is made again. */
  readonly again?: (error: Error) => void;
}

/** Reads the device in order, several requests at a time, and gives the checksum of each pass. */
async function read(device: GuestNbd, { times = 1, at, again }: ReadOptions = {}): Promise<string[]> {
  const ask = async (offset: number): Promise<Uint8Array> => {
    for (;;) {
      try {
        return await device.read(offset, REQUEST_BYTES);
      } catch (error) {
        if (again === undefined) throw error;
        again(error as Error);
      }
    }
  };
  const sums: string[] = [];
  for (let pass = 0; pass < times; pass++) {
    const hash = createHash("sha256");
    const underWay: Promise<Uint8Array>[] = [];
    for (let offset = 0; offset < IMAGE_BYTES || underWay.length > 0; ) {
      while (offset < IMAGE_BYTES && underWay.length < DEPTH) {
        await at?.((pass * IMAGE_BYTES + offset) / MEBIBYTE);
        const asked = ask(offset);
        asked.catch(() => {}); // whoever awaits it in its turn hears of it
        underWay.push(asked);
        offset += REQUEST_BYTES;
      }
      hash.update(await underWay.shift()!);
    }
    sums.push(hash.digest("hex"));
  }
  return sums;
}

const nbdkit = (...args: string[]) => MortalServer.start("-r", ...args);

async function behind(server: MortalServer): Promise<GuestNbd> {
  lab.afterTest(() => server.kill());
  const { device } = await lab.plugIn(await lab.relay(server.url));
  return device;
}

describe("a guest's device, whose server", () => {
  it.runIf(isInstalled("nbd-server"))(
    "is the real nbd-server and is killed five times while 256 MB are read, is right to the last byte",
    { timeout: 300_000 },
    async () => {
      const relay = await lab.relay();
      const { device } = await lab.plugIn(relay);
      const deaths = [20, 70, 120, 170, 220];
      const sums = await read(device, {
        times: 4,
        at: async (mebibytes) => {
          if (deaths[0] === undefined || mebibytes < deaths[0]) return;
          deaths.shift();
          const servers = await nbdServersOf(lab.image);
          expect(servers).not.toEqual([]);
          for (const pid of servers) process.kill(pid, "SIGKILL");
        },
      });
      expect(deaths).toEqual([]);
      expect(sums).toEqual(Array(4).fill(lab.sha256));
    },
  );

  it("answers late is right", async () => {
    const device = await behind(await nbdkit("--filter=delay", "file", lab.image, "rdelay=30ms"));
    expect(await read(device)).toEqual([lab.sha256]);
  });

  it("answers at a trickle is right", { timeout: 120_000 }, async () => {
    const device = await behind(await nbdkit("--filter=rate", "file", lab.image, "rate=64M"));
    expect(await read(device)).toEqual([lab.sha256]);
  });

  it("fails one read in twenty says so, and is right where it does not", async () => {
    const device = await behind(
      await nbdkit("--filter=error", "file", lab.image, "error=EIO", "error-pread-rate=5%"),
    );
    const errors: string[] = [];
    expect(await read(device, { again: (error) => errors.push(error.message) })).toEqual([lab.sha256]);
    expect(errors.length).toBeGreaterThan(3);
    // EIO, and the connection goes on.
    expect(new Set(errors)).toEqual(new Set(["the server answered error 5"]));
  });

  it("leaves when it is told to, and another comes, is right", { timeout: 120_000 }, async () => {
    const leave = join(lab.folder, "leave");
    const args = ["--filter=exitwhen", "-r", "file", lab.image, `exit-when-file-created=${leave}`];
    const server = await MortalServer.start(...args, "exit-when-poll=0");
    const device = await behind(server);
    let left = false;
    const sums = await read(device, {
      at: async (mebibytes) => {
        if (left || mebibytes < 30) return;
        left = true;
        await writeFile(leave, "");
        // It lets go of its connections before it ends: those of before are dead with it.
        await server.kill();
        await rm(leave);
        await server.start(...args, "exit-when-poll=0");
      },
    });
    expect(left).toBe(true);
    expect(sums).toEqual([lab.sha256]);
  });

  it("is fine, but that is frozen itself for half a minute, is right", { timeout: 180_000 }, async () => {
    const relay = await lab.relay();
    const { guest, device } = await lab.plugIn(relay);
    const { device: neighbour } = await lab.plugIn(relay);
    let froze = false;
    const sums = read(device, {
      at: async (mebibytes) => {
        if (froze || mebibytes < 20) return;
        froze = true;
        guest.link.pause();
        void sleep(FROZEN_MS).then(() => guest.link.resume());
      },
    });
    expect(await read(neighbour)).toEqual([lab.sha256]);
    expect(await sums).toEqual([lab.sha256]);
    expect(froze).toBe(true);
  });
});
