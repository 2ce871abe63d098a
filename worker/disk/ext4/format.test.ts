import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, it, onTestFinished } from "vitest";
import { NodeFile } from "../../../cli/disk/node-file.ts";
import { RawDisk } from "../raw-disk.ts";
import { SparseDisk } from "../sparse-disk.ts";
import { VolatileMedium } from "../testing/volatile-medium.ts";
import { formatExt4 } from "./format.ts";

const run = promisify(execFile);
const MIB = 1024 * 1024;
const OPTIONS = {
  uuid: Uint8Array.from({ length: 16 }, (_, index) => index * 7 + 1),
  timeMs: 1_700_000_000_000,
};

async function scratch(name: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "netroot-ext4-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  return join(folder, name);
}

it.each([256, 384, 512, 1024, 2048, 4096, 8192])(
  "makes %i MiB that e2fsck calls clean, in little room",
  async (mebibytes) => {
    const path = await scratch("disk");
    const file = new NodeFile(path, "create");
    file.truncate(mebibytes * MIB);
    const disk = new RawDisk(file, () => file.allocated());
    formatExt4(disk, OPTIONS);
    disk.flush();
    expect(disk.usedBytes()).toBeLessThan(2 * MIB);
    disk.close();
    // -f: also where the filesystem says itself that it is clean. It exits with more than 0 where anything is to be corrected.
    const { stdout } = await run("/sbin/e2fsck", ["-fn", path]);
    expect(stdout).toMatch(/11\/\d+ files \(0\.0% non-contiguous\)/);
    const { stdout: facts } = await run("/sbin/dumpe2fs", ["-h", path]);
    expect(facts).toMatch(/Filesystem volume name: +netroot\n/);
    expect(facts).toMatch(/Filesystem state: +clean\n/);
    expect(facts).toMatch(
      /Filesystem features: +has_journal ext_attr dir_index filetype extent sparse_super large_file huge_file dir_nlink extra_isize\n/,
    );
    expect(facts).toMatch(/Total journal blocks: +(2048|4096)\n/);
  },
  60_000,
);

it("takes a file that debugfs puts into it, from a backup of its superblock as well", async () => {
  const path = await scratch("disk");
  const file = new NodeFile(path, "create");
  file.truncate(512 * MIB);
  const disk = new RawDisk(file, () => file.allocated());
  formatExt4(disk, OPTIONS);
  disk.close();
  const source = await scratch("source");
  await writeFile(source, "kept");
  await run("/sbin/debugfs", ["-w", "-R", `write ${source} kept`, path]);
  const { stdout } = await run("/sbin/debugfs", ["-s", "32768", "-b", "4096", "-R", "cat kept", path]);
  expect(stdout).toBe("kept");
  await run("/sbin/e2fsck", ["-fn", path]);
});

it("takes few clusters of a sparse disk", () => {
  const disk = SparseDisk.create(new VolatileMedium(), 8192 * MIB);
  formatExt4(disk, OPTIONS);
  expect(disk.usedBytes()).toBeLessThan(12 * MIB);
});

it("formats no other size", () => {
  for (const sizeBytes of [128 * MIB, 257 * MIB, 17 * 1024 * MIB]) {
    const disk = SparseDisk.create(new VolatileMedium(), sizeBytes);
    expect(() => formatExt4(disk, OPTIONS)).toThrow(RangeError);
  }
});
