import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import type { Locator } from "@playwright/test";
import { controls, expect, test } from "./fixtures.ts";
import { BOOT_TIMEOUT_MS, ConsoleOf } from "./machine.ts";

/** At most 15 characters, and of this process only. */
const TAP = `nr${process.pid}e`;
const UPLINK = `
[segment]
mode = "shared"
[uplink]
tap = "${TAP}"
[[export]]
name = "kisroot"
image = "exports/kisroot.squashfs"
aoe = "e0.1"
vblade = true
`;

/** Who answers as e0.1: what makes it so, and what the relay says of it. */
const TARGETS = {
  "the relay's target before nbd-server": { toml: "", path: process.env.PATH, log: /nbd-server on 127/ },
  "the relay's target on the image file": { toml: "", path: "", log: /nbd-server is not installed/ },
  "the real vblade on the uplink": { toml: UPLINK, path: process.env.PATH, log: /vblade serves e0\.1 on/ },
};

for (const [name, { toml, path, log }] of Object.entries(TARGETS)) {
  test(`Power on leads to a root prompt over AoE: ${name}`, async ({ page, tree, serve }, testInfo) => {
    test.setTimeout(2 * BOOT_TIMEOUT_MS);
    for (const file of ["tftpboot", "exports", "firmware", "nbd-server"]) await tree.copy(file);
    await tree.write("netroot.toml", toml);
    const image = join(tree.path, "exports/kisroot.squashfs");
    const before = await sha256(image);
    const relay = await serve(tree.path, 0, "127.0.0.1", { ...process.env, PATH: path });
    await page.goto(relay.url);
    const { entry, append, powerOn, powerOff, milestone } = controls(page);
    await entry.selectOption("Overlay-Boot-AoE");
    await expect(append).toHaveValue(/root=overlay:aoe=e0\.1 rd\.driver\.post=aoe/);
    await powerOn.click();
    const console = new ConsoleOf(page);
    await console.reaches("login");
    await expect(milestone("root-attached")).toContainText(/AoE e0\.1, [\d.]+ MB/);
    const [network, attached] = await Promise.all([
      atMs(milestone("network")),
      atMs(milestone("root-attached")),
    ]);
    testInfo.annotations.push({
      type: "network up to root attached",
      description: `${attached - network} ms`,
    });
    // A discovery that stalls takes a minute.
    expect(attached - network).toBeLessThan(network);
    expect(await console.run("findmnt -n -o FSTYPE,SOURCE /")).toMatch(/^overlay\s+OverlayOS_rootfs$/);
    expect(await console.run("findmnt -n -o SOURCE,OPTIONS /run/overlay/rootfsbase")).toMatch(
      /^\/dev\/etherd\/e0\.1\s+ro\b/,
    );
    expect(await console.run("echo kept > /written; cat /run/overlay/overlayfs/rw/written")).toBe("kept");
    await page.screenshot({ path: testInfo.outputPath("prompt.png") });
    await powerOff.click();
    expect(relay.log()).toMatch(log);
    await relay.stop();
    expect(await sha256(image)).toBe(before);
  });
}

async function atMs(milestone: Locator): Promise<number> {
  return Number(await milestone.getAttribute("data-at-ms"));
}

async function sha256(file: string): Promise<string> {
  const hash = createHash("sha256");
  await pipeline(createReadStream(file), hash);
  return hash.digest("hex");
}
