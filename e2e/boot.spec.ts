import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { MILESTONES } from "../worker/interface.ts";
import { controls, expect, test } from "./fixtures.ts";
import { BOOT_TIMEOUT_MS, ConsoleOf } from "./machine.ts";
import { readsBlocks, readsPackets } from "./packets.ts";
import { LIGHT_TREE, SYSTEMD_TREE } from "./tree.ts";

/** A prompt's answer takes its time on a busy machine; the clock is right all the same. */
const COMMAND_SECONDS = 3;
const IMAGES = { light: LIGHT_TREE, systemd: SYSTEMD_TREE };

for (const [image, tree] of Object.entries(IMAGES)) {
  test(`Power on leads to a root prompt over NBD: ${image}`, async ({ page, serve }, testInfo) => {
    test.setTimeout(4 * BOOT_TIMEOUT_MS);
    const rootImage = join(tree, "exports/kisroot.squashfs");
    const before = await sha256(rootImage);
    const relay = await serve(tree);
    await page.goto(relay.url);
    const {
      powerOn,
      powerOff,
      pause,
      resume,
      reset,
      coldBoot,
      origin,
      now,
      milestone,
      export: node,
    } = controls(page);
    const console = new ConsoleOf(page);
    await expect(node).toContainText("kisroot");
    await expect(node).toContainText("read-only");
    await expect(node).toContainText("nbd-server");

    await test.step("milestones in their order, up to the prompt", async () => {
      await powerOn.click();
      await expect(powerOff).toBeEnabled();
      await console.reaches("login");
      await expect(now).toHaveText("Ready at its prompt");
      const times: number[] = [];
      for (const { name } of MILESTONES) {
        await expect(milestone(name)).toHaveAttribute("data-state", /^(done|skipped)$/);
        if ((await milestone(name).getAttribute("data-state")) === "done")
          times.push(Number(await milestone(name).getAttribute("data-at-ms")));
      }
      expect(times.at(-1)).toBeGreaterThan(5000);
      await expect(powerOn).toBeDisabled();
      await expect(page.locator("#link-wire"), "the root's gateway is in the tab").toHaveAttribute(
        "data-blocks",
        "near",
      );
    });

    await test.step("the root is an overlay over the network block device", async () => {
      expect(await console.run("findmnt -n -o FSTYPE,SOURCE /")).toMatch(/^overlay\s+OverlayOS_rootfs$/);
      const lower = await console.run("findmnt -n -o SOURCE,FSTYPE,OPTIONS /run/overlay/rootfsbase");
      expect(lower).toMatch(/^\/dev\/nbd0\s+squashfs\s+ro\b/);
      expect(await console.run("cat /sys/block/nbd0/ro")).toBe("1");
    });
    await page.screenshot({ path: testInfo.outputPath("prompt.png") });

    await test.step("a line longer than the terminal is wide is edited without a mess", async () => {
      const long = "wide.".repeat(30);
      const toItsStart = "\x01";
      await page.evaluate((keys) => window.netroot!.type(keys), `echo ${long}${toItsStart}true; `);
      const shown = async () => (await page.locator(".xterm-rows > div").allTextContents()).join("");
      await expect.poll(shown).toContain(`true; echo ${long}`);
      const forgetIt = "\x03";
      await page.evaluate((keys) => window.netroot!.type(keys), forgetIt);
      // What is typed before the prompt is there again goes the way of the line: the terminal forgets it, too.
      await console.waitsFor(/\^C\s+\S+# $/);
    });

    await test.step("what is written goes to the layer in memory", async () => {
      await console.run("echo written > /netroot-was-here; sync");
      expect(await console.run("cat /run/overlay/overlayfs/rw/netroot-was-here")).toBe("written");
    });

    await test.step("copy and paste, and a long paste loses nothing", async () => {
      await page.context().grantPermissions(["clipboard-read", "clipboard-write"]);
      const lines = Array.from({ length: 200 }, (_, line) => `line ${line} of a paste`).join("\n");
      await page.evaluate(
        (text) => navigator.clipboard.writeText(`cat > /tmp/pasted <<'END'\n${text}\nEND\n`),
        lines,
      );
      const input = page.getByRole("textbox", { name: "Serial console" });
      await input.focus();
      await page.keyboard.press("Control+Shift+V");
      await console.waitsFor(/> END\n.*# $/);
      const sum = createHash("md5").update(`${lines}\n`).digest("hex");
      expect(await console.run("md5sum < /tmp/pasted")).toBe(`${sum}  -`);

      await page.evaluate(() => window.netroot!.type("clear; echo copy-me\n"));
      await console.waitsFor(/\ncopy-me\n/);
      await page.locator(".xterm-screen").click({ clickCount: 3, position: { x: 20, y: 8 } });
      await page.keyboard.press("Control+Shift+C");
      expect(await page.evaluate(() => navigator.clipboard.readText())).toContain("copy-me");
    });

    await test.step("the screen shows a console of its own", async () => {
      await page.getByRole("tab", { name: "VGA screen" }).click();
      await expect.poll(() => page.evaluate(() => window.netroot!.screenText())).toContain("root@");
      await page.getByRole("application", { name: "The machine's screen" }).click();
      await page.keyboard.type("seq 41 43\n");
      await expect.poll(() => page.evaluate(() => window.netroot!.screenText())).toContain("\n41\n42\n43\n");
      await page.keyboard.press("Shift+Digit4");
      // On a German keyboard: the guest has a US one, and types what the person reads.
      const browser = await page.context().newCDPSession(page);
      await browser.send("Input.dispatchKeyEvent", { type: "keyDown", code: "KeyY", key: "z", text: "z" });
      await browser.send("Input.dispatchKeyEvent", { type: "keyUp", code: "KeyY", key: "z" });
      await page.keyboard.press("Shift+KeyA");
      await expect.poll(() => page.evaluate(() => window.netroot!.screenText())).toMatch(/# \$zA$/m);
      await page.screenshot({ path: testInfo.outputPath("screen.png") });
      await page.keyboard.press("Control+Alt");
      await page.getByRole("tab", { name: "Serial console" }).click();
    });

    await test.step("its packets are filtered, looked into, and saved for Wireshark", async () => {
      await readsPackets(page, testInfo);
      await readsBlocks(page, testInfo);
      await page.getByRole("tab", { name: "Serial console" }).click();
    });

    await test.step("a pause holds it, and it goes on after that", async () => {
      await pause.click();
      await expect(now).toHaveText("Paused");
      await resume.click();
      expect(await console.run("echo still here")).toBe("still here");
    });

    await test.step("the real nbd-server saw the connection", () => {
      expect(relay.log()).toMatch(/nbd-server \d+: connect from 127\.0\.0\.1, assigned file is .*kisroot/);
    });

    await test.step("a reset goes on from a checkpoint, and forgets what was written", async () => {
      await expect(origin).toHaveText("A cold boot, from the firmware on");
      await reset.click();
      await expect(milestone("login")).toHaveAttribute("data-state", "waiting");
      await console.reaches("login");
      await expect(origin).toHaveText(/^Goes on from a checkpoint of /);
      await expect(milestone("kernel")).toHaveAttribute("data-state", "skipped");
      expect(await console.run("ls /netroot-was-here 2>&1")).toContain("No such file");
      expect(await console.run("findmnt -n -o FSTYPE,SOURCE /")).toMatch(/^overlay\s+OverlayOS_rootfs$/);
      const guestS = Number(await console.run("date +%s"));
      expect(Math.abs(guestS - Date.now() / 1000)).toBeLessThan(COMMAND_SECONDS + 2);
    });

    await test.step("a checkpoint that was changed, or turned off, is not gone on from", async () => {
      await powerOff.click();
      await coldBoot.click();
      await expect(origin).toHaveText("A cold boot, from the firmware on");
      await powerOff.click();
      await page.evaluate(async () => {
        const root = await navigator.storage.getDirectory();
        const folder = await root.getDirectoryHandle("checkpoints");
        for await (const name of folder.keys()) {
          const writable = await (await folder.getFileHandle(name)).createWritable({
            keepExistingData: true,
          });
          await writable.write({ type: "write", position: 100_000, data: "changed" });
          await writable.close();
        }
      });
      await powerOn.click();
      await expect(origin).toHaveText("A cold boot, from the firmware on");
    });

    await test.step("the exported image is as it was", async () => {
      await powerOff.click();
      await expect(powerOn).toBeEnabled();
      expect(await sha256(rootImage)).toBe(before);
    });
  });
}

async function sha256(file: string): Promise<string> {
  const hash = createHash("sha256");
  await pipeline(createReadStream(file), hash);
  return hash.digest("hex");
}
