import { createHash } from "node:crypto";
import { createReadStream, existsSync } from "node:fs";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { createLogger } from "../../relay/log.ts";
import { type Relay, startRelay } from "../../relay/serve.ts";
import type { CheckpointStore } from "../../worker/checkpoint/store.ts";
import { type MachineSettings, MILESTONES, type MilestoneName } from "../../worker/interface.ts";
import { checkpointFolder } from "./checkpoint-folder.ts";
import { entrySettings } from "./entry-settings.ts";
import { nodePlatform } from "./node-platform.ts";
import { type RunningMachine, runMachine } from "./run-machine.ts";

/** Real boots on a busy machine: this only ends what hangs. */
const MAC = "02:6e:72:01:00:00";
const TIMEOUT_MS = 4 * 60_000;
const project = fileURLToPath(new URL("../../", import.meta.url));

/** As the emulator does it by itself, and everything over the wire. */
const SLOW: Partial<MachineSettings> = {
  near: "off",
  checkpoint: "off",
  kernelEntry: "compressed",
  jit: { pages: 3, extraBlocks: 250, threshold: 200_000, compile: "async" },
};

const MEBIBYTE = 1024 * 1024;
/** A part of the root that no boot has asked for in whole, so that it is read from the relay. */
const [FROM_MIB, MIB] = [40, 30];

async function sha256(file: string, start = 0, length = Number.POSITIVE_INFINITY): Promise<string> {
  const hash = createHash("sha256");
  await pipeline(createReadStream(file, { start, end: start + length - 1 }), hash);
  return hash.digest("hex");
}

describe.each([".netroot", ".netroot-systemd"])("the image in %s, under Node", (name) => {
  const tree = join(project, name);
  const image = join(tree, "exports/kisroot.squashfs");
  const log: string[] = [];
  let menu: string;
  let relay: Relay;

  // `npm test` builds the trees first. Without one there is nothing to boot.
  if (!existsSync(image)) {
    it.skip(`needs the boot tree ${name}: netroot image build ${name}`, () => {});
    return;
  }

  beforeAll(async () => {
    menu = await readFile(join(tree, "tftpboot/pxelinux.cfg/default"), "utf8");
    relay = await serve(0);
  }, TIMEOUT_MS);

  afterAll(async () => relay?.close());

  const serve = (port: number) =>
    startRelay({
      tree,
      listen: { port },
      logger: createLogger({ level: "debug", write: (line: string) => log.push(line) }),
    });

  async function boot(
    append?: (line: string) => string,
    more?: Partial<MachineSettings>,
    checkpoints?: CheckpointStore,
  ): Promise<RunningMachine> {
    const { mtu } = relay.status();
    const settings = entrySettings({ relayUrl: relay.url, menu, mtu, ...(append && { append }) });
    const running = await runMachine({
      settings: { ...settings, ...more },
      platform: { ...nodePlatform, checkpoints },
    });
    onTestFinished(() => running.close());
    return running;
  }

  it("boots over NBD to its prompt, again from a checkpoint, runs on its overlay, and changes nothing on the server", {
    timeout: TIMEOUT_MS,
  }, async () => {
    const before = await sha256(image);
    const folder = await mkdtemp(join(tmpdir(), "netroot-checkpoints-"));
    onTestFinished(() => rm(folder, { recursive: true }));
    const running = await boot(undefined, { checkpoint: "auto", mac: MAC }, checkpointFolder(folder));
    const { console } = running;
    await running.reached("login");

    const passed = (milestone: MilestoneName) => running.milestones.find((m) => m.name === milestone)!;
    for (const { name: milestone } of MILESTONES) {
      if (milestone !== "dhcp") expect(passed(milestone)).toMatchObject({ state: "done" });
    }
    expect(passed("root-attached").detail).toMatch(/^kisroot, [\d.]+ MB, read-only$/);
    expect(passed("network").detail).toBe("10.86.0.100");
    expect(running.problems).toEqual([]);
    expect(running.counters?.dropped).toBe(0);

    const output = async (command: string) => {
      const result = await console.run(command);
      expect(result, command).toMatchObject({ status: 0 });
      return result.output;
    };
    expect(await output("findmnt -n -o FSTYPE,SOURCE /")).toBe("overlay OverlayOS_rootfs");
    expect(await output("findmnt -n -o SOURCE,OPTIONS /run/overlay/rootfsbase")).toMatch(/^\/dev\/nbd0 ro,/);
    expect(await output("cat /sys/class/net/eth0/address")).toBe(MAC);
    await output("echo kept in memory > /written");
    expect(await output("cat /run/overlay/overlayfs/rw/written")).toBe("kept in memory");

    // Longer than any buffer on the way: the echo and the output are whole, or the status is not.
    const long = "x".repeat(2000);
    expect(await output(`echo ${long} | wc -c`)).toBe(String(long.length + 1));

    // What is read goes past the wire, and stands still while the relay is away.
    expect(running.blocks).toMatchObject({ path: "near" });
    expect(running.counters!.bytesIn).toBeLessThan(100_000);
    const reading = output(
      `dd if=/dev/nbd0 bs=1M iflag=direct skip=${FROM_MIB} count=${MIB} 2>/dev/null | sha256sum`,
    );
    await relay.close();
    await running.problem("relay-lost");
    relay = await serve(relay.port);
    expect((await reading).split(" ")[0]).toBe(await sha256(image, FROM_MIB * MEBIBYTE, MIB * MEBIBYTE));

    expect(running.origin).toEqual({ kind: "cold" });
    const savedAtMs = passed("root-attached").atMs!;
    const beganAtMs = performance.now();
    await running.reset();
    await running.reached("login");
    expect(running.origin).toMatchObject({ kind: "checkpoint" });
    // To the guest no time has passed but its own.
    const uptimeMs = Number((await output("cut -d' ' -f1 /proc/uptime")).trim()) * 1000;
    expect(uptimeMs).toBeLessThan(savedAtMs + performance.now() - beganAtMs);
    for (const milestone of ["kernel", "initrd", "network"] as const)
      expect(passed(milestone)).toMatchObject({ state: "skipped", detail: "in the checkpoint" });
    expect(passed("root-attached").detail).toMatch(/^kisroot, [\d.]+ MB, read-only$/);
    expect(await output("test -e /written || echo gone")).toBe("gone");
    expect(await output("findmnt -n -o FSTYPE,SOURCE /")).toBe("overlay OverlayOS_rootfs");
    expect(await output("findmnt -n -o SOURCE,OPTIONS /run/overlay/rootfsbase")).toMatch(/^\/dev\/nbd0 ro,/);
    await output("echo kept in memory > /written");
    expect(await output("cat /run/overlay/overlayfs/rw/written")).toBe("kept in memory");
    // The guest read its clock somewhere between these two.
    const askedAtMs = Date.now();
    const guestMs = Number(await output("date +%s%3N"));
    expect(guestMs).toBeGreaterThan(askedAtMs - 2000);
    expect(guestMs).toBeLessThan(Date.now() + 2000);
    expect(await output("dmesg | grep -ciE 'soft lockup|rcu.*stall|clocksource.*unstable' || true")).toBe(
      "0",
    );
    expect(running.problems).toEqual([]);

    const { framesOut, bytesOut } = running.counters!;
    expect(Math.min(framesOut, bytesOut)).toBeGreaterThanOrEqual(0);

    // A file that somebody changed, or cut short, is not gone on from.
    const [file = ""] = await readdir(folder);
    const good = await readFile(join(folder, file));
    for (const bad of [
      good.subarray(0, good.length - 1),
      good.with(good.length >> 1, 0xff ^ good[good.length >> 1]!),
    ]) {
      await writeFile(join(folder, file), bad);
      await running.reset();
      await running.reached("firmware");
      expect(running.origin).toEqual({ kind: "cold" });
    }
    await running.close();
    expect(running.state).toBe("off");
    expect(await sha256(image)).toBe(before);
    expect(relay.status().exports[0]).toMatchObject({ name: "kisroot", readOnly: true });
  });

  // One image is enough for these two: what they look at does not hang on the image.
  it.runIf(name === ".netroot")(
    "boots to its prompt with all that makes a boot quick switched off",
    { timeout: TIMEOUT_MS },
    async () => {
      const running = await boot(undefined, SLOW);
      await running.reached("login");
      expect(running.blocks).toMatchObject({ path: "wire" });
      const { status, output } = await running.console.run(
        `dd if=/dev/nbd0 bs=1M iflag=direct skip=${FROM_MIB} count=1 2>/dev/null | sha256sum`,
      );
      expect(status).toBe(0);
      expect(output.split(" ")[0]).toBe(await sha256(image, FROM_MIB * MEBIBYTE, MEBIBYTE));
      expect(running.problems).toEqual([]);
      expect(running.counters?.dropped).toBe(0);
    },
  );

  it.runIf(name === ".netroot")(
    "says which exports there are when the one asked for is not",
    { timeout: TIMEOUT_MS },
    async () => {
      // Over the wire: the near gateway says the same, and is tested with the relay.
      const running = await boot((line) => line.replace(":kisroot", ":wrongname"), { near: "off" });
      const problem = await running.problem("export-unknown");
      expect(problem.message).toContain("“wrongname”");
      expect(problem.message).toContain("kisroot");
      await running.problem("initrd-fatal");
    },
  );
});
