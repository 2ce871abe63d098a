import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { cp, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { describe, expect, it, onTestFinished } from "vitest";
import { createLogger } from "../../relay/log.ts";
import { startRelay } from "../../relay/serve.ts";
import { formatExt4 } from "../../worker/disk/ext4/format.ts";
import { layeredOver, layOver } from "../../worker/disk/layered-over.ts";
import { SparseDisk } from "../../worker/disk/sparse-disk.ts";
import { writeRawImage } from "../../worker/disk/testing/raw-image.ts";
import { VolatileMedium } from "../../worker/disk/testing/volatile-medium.ts";
import { makeDisk } from "../disk/file-disk.ts";
import { NodeFile } from "../disk/node-file.ts";
import { entrySettings } from "./entry-settings.ts";
import { nodePlatform } from "./node-platform.ts";
import { type RunningMachine, runMachine } from "./run-machine.ts";

const run = promisify(execFile);

/** Real boots on a busy machine: this only ends what hangs. */
const TIMEOUT_MS = 4 * 60_000;
const TREE = fileURLToPath(new URL("../../.netroot", import.meta.url));
const DISK_BYTES = 256 * 1024 ** 2;
const WRITABLE = "writable.img";
const ON_DISK = "rd.root.overlay.write=/dev/sda";

function freshDisk(): VolatileMedium {
  const medium = new VolatileMedium();
  const disk = SparseDisk.create(medium, DISK_BYTES);
  formatExt4(disk, { uuid: crypto.getRandomValues(new Uint8Array(16)), timeMs: Date.now() });
  disk.flush();
  return medium;
}

// `npm test` builds the tree first. Without it there is nothing to boot.
describe.runIf(existsSync(TREE))("a write layer on a disk, under Node", () => {
  it("keeps what was synced when the power goes, and is not laid over another export", {
    timeout: TIMEOUT_MS,
  }, async () => {
    const tree = await scratchTree();
    const log: string[] = [];
    const relay = await startRelay({
      tree,
      listen: { port: 0 },
      logger: createLogger({ write: (line) => void log.push(line) }),
    });
    onTestFinished(() => relay.close());
    const menu = await readFile(join(TREE, "tftpboot/pxelinux.cfg/default"), "utf8");
    const { mtu } = relay.status();

    const powerOn = async (disk: SparseDisk, more: string, overOther = false): Promise<RunningMachine> => {
      const settings = entrySettings({ relayUrl: relay.url, menu, mtu, append: (line) => `${line} ${more}` });
      const running = await runMachine({
        settings: { ...settings, disk: { name: "sda", overOther } },
        platform: { ...nodePlatform, disks: { open: async () => disk } },
      });
      onTestFinished(() => running.close());
      return running;
    };
    const boot = async (medium: VolatileMedium, more: string): Promise<RunningMachine> => {
      const running = await powerOn(SparseDisk.open(medium), more);
      await running.reached("login");
      return running;
    };
    const output = async ({ console }: RunningMachine, command: string) => {
      const result = await console.run(command);
      expect(result, command).toMatchObject({ status: 0 });
      return result.output;
    };

    const medium = freshDisk();
    const running = await boot(medium, ON_DISK);
    expect(await output(running, "findmnt -n -o SOURCE,FSTYPE /run/overlay/overlayfs")).toMatch(
      /^\/dev\/sda +ext4$/,
    );
    expect(await output(running, "findmnt -n -o FSTYPE,SOURCE /")).toBe("overlay OverlayOS_rootfs");
    // Without a write cache it would have no reason to flush one.
    expect(await output(running, "cat /sys/block/sda/queue/write_cache")).toBe("write back");
    await output(running, "echo kept on the disk > /root/kept; sync");
    await output(running, "for n in 1 2 3; do echo $n | dd of=/root/synced-$n conv=fsync 2>/dev/null; done");
    await output(running, "echo perhaps lost > /root/perhaps");
    const left = medium.cut(Math.random);

    // A second, writable export: what reaches it outlives its server.
    const onServer = "/run/server";
    await output(running, "nbd-client 10.86.0.1 /dev/nbd1 -name writable");
    await output(running, `mkdir ${onServer} && mount /dev/nbd1 ${onServer}`);
    await output(running, `echo before > ${onServer}/before && sync -f ${onServer}`);
    // Its log says who it is; the relay starts another one, and what was not answered is asked again.
    const [, server] = /nbd-server (\d+): Spawned a child process/.exec(log.join("")) ?? [];
    process.kill(Number(server), "SIGKILL");
    await output(running, `echo after > ${onServer}/after && sync -f ${onServer} && umount ${onServer}`);
    await expect.poll(() => log.join("").match(/Spawned a child/g)?.length).toBeGreaterThan(2);
    const ofServer = join(tree, WRITABLE);
    await run("/sbin/e2fsck", ["-fn", ofServer]);
    for (const name of ["before", "after"])
      expect((await run("/sbin/debugfs", ["-R", `cat ${name}`, ofServer])).stdout).toBe(`${name}\n`);

    expect(running.disk).toMatchObject({ name: "sda", sizeBytes: DISK_BYTES });
    expect(running.problems).toEqual([]);
    await running.close();
    await isWhole(left, relay.status().exports.find(({ name }) => name === "kisroot")!.sizeBytes);

    const disk = SparseDisk.open(new VolatileMedium(left));
    const identity = layeredOver(disk)!;
    for (const other of [{ name: "another" }, { sha256: "0".repeat(64) }]) {
      layOver(disk, { ...identity, ...other });
      const refused = await powerOn(disk, ON_DISK);
      const problem = await refused.problem("disk-other-export");
      expect(problem.message).toContain(other.name ?? "another image of the export kisroot");
      expect(refused.state).toBe("off");
    }
    const insisted = await powerOn(disk, ON_DISK, true);
    await insisted.reached("firmware");
    expect(layeredOver(disk)).toEqual(identity);
  });
});

/** The light tree, and beside its root image a disk that guests may write to. */
async function scratchTree(): Promise<string> {
  const tree = await mkdtemp(join(tmpdir(), "netroot-disk-tree-"));
  onTestFinished(() => rm(tree, { recursive: true }));
  await cp(TREE, tree, { recursive: true });
  makeDisk(join(tree, WRITABLE), DISK_BYTES);
  const declared = `[[export]]\nname = "writable"\nimage = "${WRITABLE}"\nreadonly = false\n`;
  await writeFile(join(tree, "netroot.toml"), declared);
  return tree;
}

/** What a power cut left has all that was synced, also to the tools of those who wrote the filesystem. */
async function isWhole(content: Uint8Array<ArrayBuffer>, exportBytes: number): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "netroot-disk-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  const path = join(folder, "raw");
  const disk = SparseDisk.open(new VolatileMedium(content));
  expect(layeredOver(disk)).toEqual({
    name: "kisroot",
    sizeBytes: exportBytes,
    sha256: expect.stringMatching(/^[0-9a-f]{64}$/),
  });
  const file = new NodeFile(path, "create");
  writeRawImage(disk, file);
  file.close();
  await run("/sbin/e2fsck", ["-E", "journal_only", "-p", path]).catch((error) => {
    // 1: it has replayed the journal.
    if (error.code !== 1) throw error;
  });
  await run("/sbin/e2fsck", ["-fn", path]);
  const cat = async (name: string) =>
    (await run("/sbin/debugfs", ["-R", `cat /rw/root/${name}`, path])).stdout;
  expect(await cat("kept")).toBe("kept on the disk\n");
  for (const number of ["1", "2", "3"]) expect(await cat(`synced-${number}`)).toBe(`${number}\n`);
}
