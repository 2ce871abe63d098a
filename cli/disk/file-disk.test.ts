import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readdir, rm, stat, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, it, onTestFinished } from "vitest";
import { fileDisks, makeDisk } from "./file-disk.ts";

const run = promisify(execFile);
const MIB = 1024 * 1024;

async function scratch(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "netroot-disk-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  return folder;
}

it("makes the file that is missing, keeps what was written, and leaves nothing beside it", async () => {
  const folder = await scratch();
  const path = join(folder, "layer.img");
  const disk = await fileDisks.open(path, 2048 * MIB);
  expect(disk.sizeBytes).toBe(2048 * MIB);
  disk.write(1500 * MIB, Uint8Array.of(1, 2, 3));
  expect(disk.unsynced).toBe(true);
  disk.flush();
  expect(disk.unsynced).toBe(false);
  expect(disk.usedBytes()).toBeLessThan(4 * MIB);
  expect(disk.usedBytes()).toBe((await stat(path)).blocks * 512);
  disk.close();
  expect(await readdir(folder)).toEqual(["layer.img"]);
  await run("/sbin/e2fsck", ["-fn", path]);

  const again = await fileDisks.open(path, 2048 * MIB);
  const bytes = new Uint8Array(4);
  again.read(1500 * MIB, bytes);
  again.close();
  expect([...bytes]).toEqual([1, 2, 3, 0]);
});

it("gives a disk to one machine at a time, and takes it back from one that died", async () => {
  const path = join(await scratch(), "layer.img");
  makeDisk(path, 256 * MIB);
  const disk = await fileDisks.open(path, 2048 * MIB);
  await expect(fileDisks.open(path, 2048 * MIB)).rejects.toMatchObject({
    code: "busy",
    message: expect.stringContaining(`process ${process.pid}`),
  });
  disk.close();

  const dead = spawn(process.execPath, ["-e", ""]);
  await once(dead, "exit");
  await writeFile(`${path}.lock`, `${dead.pid}\n`);
  (await fileDisks.open(path, 2048 * MIB)).close();
});

it("says what is wrong with a file that is no disk, or cannot be one", async () => {
  const folder = await scratch();
  await expect(fileDisks.open(join(folder, "nowhere", "layer.img"), 2048 * MIB)).rejects.toMatchObject({
    code: "denied",
    message: expect.stringContaining("ENOENT"),
  });
  await expect(fileDisks.open(folder, 2048 * MIB)).rejects.toMatchObject({ code: "denied" });
  const odd = join(folder, "odd.img");
  await writeFile(odd, "");
  await truncate(odd, 1000);
  await expect(fileDisks.open(odd, 2048 * MIB)).rejects.toMatchObject({
    code: "damaged",
    message: expect.stringContaining("1000 bytes"),
  });
  expect(await readdir(folder)).toEqual(["odd.img"]);
  expect(() => makeDisk(odd, 256 * MIB)).toThrow(expect.objectContaining({ code: "denied" }));
});
