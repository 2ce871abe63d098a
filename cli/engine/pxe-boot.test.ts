import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, it, onTestFinished } from "vitest";
import { silentLogger } from "../../relay/log.ts";
import { startRelay } from "../../relay/serve.ts";
import type { MilestoneName } from "../../worker/interface.ts";
import { firmwareSettings } from "./firmware-settings.ts";
import { nodePlatform } from "./node-platform.ts";
import { runMachine } from "./run-machine.ts";

const original = fileURLToPath(new URL("../../.netroot", import.meta.url));

// `npm test` builds the tree first. Without one there is nothing to boot.
it.skipIf(!existsSync(join(original, "exports/kisroot.squashfs")))(
  "the machine's own firmware finds a script, the kernel and its root on the boot network, under Node",
  { timeout: 15 * 60_000 },
  async () => {
    const folder = await mkdtemp(join(tmpdir(), "netroot-pxe-"));
    onTestFinished(() => rm(folder, { recursive: true }));
    const tree = join(folder, "tree");
    await promisify(execFile)("cp", ["-aT", original, tree]);
    const menu = await readFile(join(tree, "tftpboot/pxelinux.cfg/default"), "utf8");
    const append = /^\s*append\s+(.*)$/im.exec(menu)![1]!.replace(/\binitrd=\S+\s*/, "");
    await writeFile(join(tree, "netroot.toml"), '[boot]\nipxe = "menu.ipxe"\n');
    await writeFile(
      join(tree, "tftpboot/menu.ipxe"),
      `#!ipxe\nkernel http://10.86.0.1/boot/linux ${append}\ninitrd http://10.86.0.1/boot/initrd\nboot\n`,
    );
    const relay = await startRelay({ tree, listen: { port: 0 }, logger: silentLogger });
    onTestFinished(() => relay.close());

    const running = await runMachine({ settings: firmwareSettings(relay.link), platform: nodePlatform });
    onTestFinished(() => running.close());
    await running.reached("login");
    const at = (name: MilestoneName) => running.milestones.find((each) => each.name === name)!;
    expect(at("dhcp")).toMatchObject({ state: "done", detail: "10.86.0.100 from 10.86.0.1" });
    const order: MilestoneName[] = [
      "firmware",
      "dhcp",
      "kernel",
      "initrd",
      "network",
      "root-attached",
      "login",
    ];
    const times = order.map((name) => at(name).atMs!);
    expect(times).toEqual([...times].sort((a, b) => a - b));
    expect(at("network").detail).toBe("10.86.0.100");
    expect(running.problems).toEqual([]);
    expect(running.origin).toEqual({ kind: "cold" });
    const findmnt = await running.console.run("findmnt -n -o FSTYPE,SOURCE /");
    expect(findmnt.output).toBe("overlay OverlayOS_rootfs");
  },
);
