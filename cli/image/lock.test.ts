import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { withLock } from "./lock.ts";

let folder: string;
let path: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "netroot-lock-test-"));
  path = join(folder, "deep", "lock");
});

afterEach(() => rm(folder, { recursive: true, force: true }));

describe("the lock of a build", () => {
  it("is held while the work runs, and gone afterwards, even when it fails", async () => {
    await withLock(path, {}, async () => expect(existsSync(path)).toBe(true));
    const failing = withLock(path, {}, () => Promise.reject(new Error("broken")));
    await expect(failing).rejects.toThrow("broken");
    expect(await readdir(join(folder, "deep"))).toEqual([]);
  });

  it("makes the second wait for the first, and says for whom", async () => {
    const events: string[] = [];
    let holder = 0;
    const first = withLock(path, {}, async () => {
      await sleep(100);
      events.push("first");
    });
    await sleep(20);
    const onWait = (pid: number) => {
      holder = pid;
    };
    await withLock(path, { pollMs: 5, onWait }, async () => void events.push("second"));
    await first;
    expect(events).toEqual(["first", "second"]);
    expect(holder).toBe(process.pid);
  });

  it("is taken over from a process that has died", async () => {
    const dead = spawnSync("true").pid;
    await withLock(path, {}, async () => {});
    await writeFile(path, `${dead}\n`);
    await expect(withLock(path, { pollMs: 5 }, async () => "done")).resolves.toBe("done");
  });

  it("is no longer waited for when the wait is called off", async () => {
    await withLock(path, {}, async () => {
      const waiting = withLock(path, { pollMs: 5, signal: AbortSignal.timeout(30) }, async () => "never");
      await expect(waiting).rejects.toThrow(/abort/i);
      expect(existsSync(path)).toBe(true);
    });
  });
});
