import { execFileSync } from "node:child_process";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from "vitest";
import { createLogger } from "../log.ts";
import { startVblade, startVblades } from "./vblade.ts";

/** At most 15 characters, and of this process only. */
const TAP = `nr${process.pid}v`;
const address = { shelf: 3, slot: 7 };
let folder: string;
let image: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "netroot-vblade-"));
  image = join(folder, "image");
  await writeFile(image, new Uint8Array(1 << 20));
  execFileSync("ip", ["tuntap", "add", TAP, "mode", "tap"]);
  execFileSync("ip", ["link", "set", TAP, "up"]);
});

afterAll(async () => {
  execFileSync("ip", ["link", "delete", TAP]);
  await rm(folder, { recursive: true });
});

/** Of the vblades that serve our image. */
async function pids(): Promise<number[]> {
  const found: number[] = [];
  for (const pid of (await readdir("/proc")).filter((name) => /^\d+$/.test(name))) {
    const line = await readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "");
    if (line.includes("vblade\0") && line.includes(image)) found.push(Number(pid));
  }
  return found;
}

function logTo(lines: string[]) {
  return createLogger({ level: "info", write: (line: string) => lines.push(line) });
}

describe("the real vblade", () => {
  it("serves, is started again when it dies, and ends when it is closed", async () => {
    const lines: string[] = [];
    const blade = await startVblade({ device: TAP, address, image, readOnly: true, logger: logTo(lines) });
    onTestFinished(() => blade.close());
    expect(lines.join()).toContain(`vblade serves e3.7 on ${TAP}`);
    const [first] = await pids();
    process.kill(first!, "SIGKILL");
    await vi.waitFor(
      async () => {
        const [second] = await pids();
        expect(second).toBeGreaterThan(0);
        expect(second).not.toBe(first);
        expect(lines.filter((line) => line.includes("vblade serves"))).toHaveLength(2);
      },
      { timeout: 20_000 },
    );
    expect(lines.join()).toContain("vblade ended and is started again: it ended with SIGKILL.");
    await blade.close();
    expect(await pids()).toEqual([]);
  });

  it("that does not start is a notice, and the others serve all the same", async () => {
    const readOnly = true;
    const exports = [
      { name: "gone", image: join(folder, "gone"), address: { shelf: 0, slot: 1 }, readOnly },
      { name: "here", image, address, readOnly },
    ];
    const blades = await startVblades({ device: TAP, exports, logger: logTo([]) });
    onTestFinished(() => blades.close());
    expect(blades.notices).toEqual([
      {
        code: "vblade-failed",
        message:
          'The export "gone" is no AoE target e0.1: vblade does not start: open: No such file or directory',
      },
    ]);
    expect(await pids()).toHaveLength(1);
    const nowhere = startVblade({ device: "nowhere0", address, image, readOnly, logger: logTo([]) });
    await expect(nowhere).rejects.toThrow("vblade does not start: nowhere0: No such device");
  });

  it("that is not installed is said, with what to do", async () => {
    vi.stubEnv("PATH", "");
    onTestFinished(() => void vi.unstubAllEnvs());
    const missing = startVblade({ device: TAP, address, image, readOnly: true, logger: logTo([]) });
    await expect(missing).rejects.toThrow("apt install vblade");
  });
});
