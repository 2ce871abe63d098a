import { existsSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, it, onTestFinished } from "vitest";
import { silentLogger } from "../../relay/log.ts";
import { startRelay } from "../../relay/serve.ts";
import type { MilestoneName } from "../../worker/interface.ts";
import { firmwareSettings } from "./firmware-settings.ts";
import { nodePlatform } from "./node-platform.ts";
import { runMachine } from "./run-machine.ts";

const tree = fileURLToPath(new URL("../../.netroot", import.meta.url));

// `npm test` builds the tree first. Without one there is nothing to boot.
it.skipIf(!existsSync(join(tree, "exports/kisroot.squashfs")))(
  "the machine's own firmware finds the script of its menu, the kernel and its root on the boot network, under Node",
  { timeout: 4 * 60_000 },
  async () => {
    const relay = await startRelay({ tree, listen: { port: 0 }, logger: silentLogger });
    onTestFinished(() => relay.close());

    const running = await runMachine({
      settings: { ...firmwareSettings(relay.link), mac: "02:6e:72:01:00:00" },
      platform: nodePlatform,
    });
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
    const address = await running.console.run("cat /sys/class/net/eth0/address");
    expect(address.output).toBe("02:6e:72:01:00:00");
    const findmnt = await running.console.run("findmnt -n -o FSTYPE,SOURCE /");
    expect(findmnt.output).toBe("overlay OverlayOS_rootfs");
  },
);
