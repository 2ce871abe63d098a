import { existsSync } from "node:fs";
import { cp, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { formatIpv4, parseIpv4 } from "../../net/ipv4/address.ts";
import { LAYER_ON_DISK } from "../../net/kiwi/layer-parameter.ts";
import { SyntheticGuest } from "../../relay/client/synthetic-guest.ts";
import { createLogger } from "../../relay/log.ts";
import { type Relay, startRelay } from "../../relay/serve.ts";
import { entrySettings } from "./entry-settings.ts";
import { nodePlatform } from "./node-platform.ts";
import { runMachine } from "./run-machine.ts";

/** Real boots on a busy machine: this only ends what hangs. */
const TIMEOUT_MS = 4 * 60_000;
const LIGHT_TREE = fileURLToPath(new URL("../../.netroot", import.meta.url));

// `npm test` builds the tree first. Without it there is nothing to boot.
describe.runIf(existsSync(LIGHT_TREE))("an image on a shared segment, under Node", () => {
  const log: string[] = [];
  let tree: string;
  let relay: Relay;

  beforeAll(async () => {
    tree = await mkdtemp(join(tmpdir(), "netroot-shared-tree-"));
    await cp(LIGHT_TREE, tree, { recursive: true });
    await writeFile(join(tree, "netroot.toml"), '[segment]\nmode = "shared"\n');
    const logger = createLogger({ write: (line) => log.push(line) });
    relay = await startRelay({ tree, listen: { port: 0 }, logger });
  }, TIMEOUT_MS);

  afterAll(async () => {
    await relay?.close();
    await rm(tree, { recursive: true, force: true });
  });

  it("comes to its prompt beside another machine, with an address of its own, and answers its neighbour", {
    timeout: TIMEOUT_MS,
  }, async () => {
    const { mtu, network, notices } = relay.status();
    expect(network.mode).toBe("shared");
    expect(notices.map(({ code }) => code)).toContain("segment-shared");
    const wireUrl = new URL("wire", relay.url);
    wireUrl.protocol = "ws:";
    const neighbour = await SyntheticGuest.connect({ url: wireUrl.href, mtu });
    onTestFinished(() => neighbour.close());
    expect(formatIpv4((await neighbour.acquire()).address)).toBe("10.86.0.100");

    const menu = await readFile(join(tree, "tftpboot/pxelinux.cfg/default"), "utf8");
    const settings = entrySettings({ relayUrl: relay.url, menu, mtu, segment: network.mode });
    expect(settings.append).toContain(" ip=dhcp ");
    // This boot has time for it: a system that is told not to use the disk that it is told to use keeps its writes in memory.
    const append = `${settings.append} ${LAYER_ON_DISK} rd.root.overlay.readonly rd.root.overlay.size=40m`;
    const disk = { name: join(tree, "layer.img"), newMiB: 256 };
    const running = await runMachine({
      settings: { ...settings, append, disk, near: "off" },
      platform: nodePlatform,
    });
    onTestFinished(() => running.close());
    await running.reached("login");
    const passed = (name: string) => running.milestones.find((one) => one.name === name)!;
    expect(passed("dhcp").detail).toContain("10.86.0.101");
    expect(passed("network").detail).toBe("10.86.0.101");
    expect(running.problems).toEqual([]);
    expect((await running.console.run("findmnt -n -o FSTYPE,SOURCE /")).output).toBe(
      "overlay OverlayOS_rootfs",
    );

    const output = async (command: string) => (await running.console.run(command)).output;
    expect(await output("findmnt -n -o FSTYPE /run/overlay")).toBe("tmpfs");
    expect(await output("df -m --output=size /run/overlay | tail -1 | tr -d ' '")).toBe("40");
    await output("echo in memory > /root/kept");
    expect(await output("cat /run/overlay/overlayfs/rw/root/kept")).toBe("in memory");
    expect(await output("blockdev --getsize64 /dev/sda; findmnt /dev/sda || echo not mounted")).toBe(
      `${256 * 1024 ** 2}\nnot mounted`,
    );
    expect(running.disk).toMatchObject({ unsynced: false });

    const data = new Uint8Array(1000).fill(5);
    expect(await neighbour.station.ping(parseIpv4("10.86.0.101")!, data)).toEqual(data);
    expect(log.filter((line) => line.includes("frames are dropped"))).toEqual([]);
  });
});
