import { createHash } from "node:crypto";
import { createReadStream, existsSync } from "node:fs";
import { cp, mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { silentLogger } from "../../relay/log.ts";
import { type Relay, startRelay } from "../../relay/serve.ts";
import type { MilestoneName } from "../../worker/interface.ts";
import { checkpointFolder } from "./checkpoint-folder.ts";
import { entrySettings } from "./entry-settings.ts";
import { nodePlatform } from "./node-platform.ts";
import { type RunningMachine, runMachine } from "./run-machine.ts";

/** Real boots on a busy machine: this only ends what hangs. */
const TIMEOUT_MS = 4 * 60_000;
const LIGHT_TREE = fileURLToPath(new URL("../../.netroot", import.meta.url));
const SYSTEMD_TREE = fileURLToPath(new URL("../../.netroot-systemd", import.meta.url));

async function sha256(file: string): Promise<string> {
  const hash = createHash("sha256");
  await pipeline(createReadStream(file), hash);
  return hash.digest("hex");
}

// `npm test` builds the tree first. Without it there is nothing to boot.
describe.runIf(existsSync(LIGHT_TREE))("an image over AoE, under Node", () => {
  let tree: string;
  let relay: Relay;
  let menu: string;

  beforeAll(async () => {
    tree = await mkdtemp(join(tmpdir(), "netroot-aoe-tree-"));
    await cp(LIGHT_TREE, tree, { recursive: true });
    menu = await readFile(join(tree, "tftpboot/pxelinux.cfg/default"), "utf8");
    relay = await startRelay({ tree, listen: { port: 0 }, logger: silentLogger });
  }, TIMEOUT_MS);

  afterAll(async () => {
    await relay?.close();
    await rm(tree, { recursive: true, force: true });
  });

  async function boot(target: string, checkpoint: "auto" | "off"): Promise<RunningMachine> {
    const folder = await mkdtemp(join(tmpdir(), "netroot-checkpoints-"));
    onTestFinished(() => rm(folder, { recursive: true }));
    const { mtu } = relay.status();
    const append = (line: string) => line.replace("aoe=e0.1", `aoe=${target}`);
    const settings = entrySettings({ relayUrl: relay.url, menu, label: "Overlay-Boot-AoE", mtu, append });
    const running = await runMachine({
      settings: { ...settings, checkpoint },
      platform: { ...nodePlatform, checkpoints: checkpointFolder(folder) },
    });
    onTestFinished(() => running.close());
    return running;
  }

  it("comes to its prompt, again from a checkpoint, on an overlay over /dev/etherd/e0.1", {
    timeout: TIMEOUT_MS,
  }, async () => {
    const image = join(tree, "exports/kisroot.squashfs");
    const before = await sha256(image);
    const running = await boot("e0.1", "auto");
    await running.reached("login");
    const passed = (name: MilestoneName) => running.milestones.find((one) => one.name === name)!;
    const output = async (command: string) => {
      const result = await running.console.run(command);
      expect(result, command).toMatchObject({ status: 0 });
      return result.output;
    };
    const isOverTarget = async () => {
      expect(await output("findmnt -n -o FSTYPE,SOURCE /")).toBe("overlay OverlayOS_rootfs");
      const lower = await output("findmnt -n -o SOURCE,OPTIONS /run/overlay/rootfsbase");
      expect(lower).toMatch(/^\/dev\/etherd\/e0\.1 ro,/);
      await output("echo kept in memory > /written");
    };

    expect(passed("network")).toMatchObject({ state: "done" });
    const attached = passed("root-attached");
    expect(attached).toMatchObject({
      state: "done",
      detail: expect.stringMatching(/^AoE e0\.1, [\d.]+ MB$/),
    });
    await isOverTarget();
    const [target] = relay.status().exports;
    expect(target).toMatchObject({ name: "kisroot", aoe: "e0.1", readOnly: true });
    expect(target!.description).toContain("nbd-server");
    const bytes = 8 * 1024 * 1024;
    const read = `dd if=/dev/etherd/e0.1 bs=1M count=8 iflag=direct 2>/dev/null | sha256sum`;
    const start = createHash("sha256").update((await readFile(image)).subarray(0, bytes));
    expect((await output(read)).split(" ")[0]).toBe(start.digest("hex"));

    await running.reset();
    await running.reached("login");
    expect(running.origin).toMatchObject({ kind: "checkpoint" });
    expect(await output("test -e /written || echo gone")).toBe("gone");
    await isOverTarget();

    expect(running.problems).toEqual([]);
    expect(await sha256(image)).toBe(before);
  });

  it("says which targets there are when the one asked for is not", { timeout: TIMEOUT_MS }, async () => {
    const running = await boot("e0.2", "off");
    const problem = await running.problem("aoe-unknown");
    expect(problem.message).toBe("The guest asks for e0.2; this segment exports e0.1.");
    await expect(running.reached("login")).rejects.toMatchObject({ code: "aoe-unknown" });
  });
});

describe.runIf(existsSync(SYSTEMD_TREE))("the image with systemd over AoE, under Node", () => {
  it("comes to its prompt from a target in front of its file", { timeout: TIMEOUT_MS }, async () => {
    const image = join(SYSTEMD_TREE, "exports/kisroot.squashfs");
    const before = await sha256(image);
    const logger = silentLogger;
    const relay = await startRelay({ tree: SYSTEMD_TREE, listen: { port: 0 }, useNbdServer: false, logger });
    onTestFinished(() => relay.close());
    const menu = await readFile(join(SYSTEMD_TREE, "tftpboot/pxelinux.cfg/default"), "utf8");
    const { mtu, exports } = relay.status();
    expect(exports).toMatchObject([{ aoe: "e0.1", description: expect.stringContaining("image file") }]);
    const settings = entrySettings({ relayUrl: relay.url, menu, label: "Overlay-Boot-AoE", mtu });
    const running = await runMachine({ settings: { ...settings, checkpoint: "off" } });
    onTestFinished(() => running.close());
    await running.reached("login");
    const { output } = await running.console.run("findmnt -n -o SOURCE /run/overlay/rootfsbase");
    expect(output).toBe("/dev/etherd/e0.1");
    expect(running.problems).toEqual([]);
    await running.close();
    expect(await sha256(image)).toBe(before);
  });
});
