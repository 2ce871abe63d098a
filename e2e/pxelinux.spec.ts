import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { controls, expect, test } from "./fixtures.ts";
import { BOOT_TIMEOUT_MS, ConsoleOf } from "./machine.ts";
import { LIGHT_TREE, type ScratchTree } from "./tree.ts";

/** A tree with two entries, whose menu is shown by `module`. */
async function makeLab(tree: ScratchTree, module: string): Promise<void> {
  const menu = await readFile(join(LIGHT_TREE, "tftpboot/pxelinux.cfg/default"), "utf8");
  const append = /^\s*append\s+(.*)$/im.exec(menu)![1]!;
  const programs = ["pxelinux.0", "ldlinux.c32", "libcom32.c32", "libutil.c32", module];
  for (const file of ["boot/linux", "boot/initrd", ...programs]) await tree.copy(`tftpboot/${file}`);
  for (const file of ["exports/kisroot.squashfs", "firmware"]) await tree.copy(file);
  const entry = (label: string, words: string) =>
    `LABEL ${label}\n  MENU LABEL The ${label}\n  KERNEL boot/linux\n  APPEND ${append} ${words}\n`;
  await tree.write(
    "tftpboot/pxelinux.cfg/default",
    `UI ${module}\nMENU TITLE The lab\n${entry("first", "entry=1")}${entry("second", "entry=2")}`,
  );
  // Otherwise the card's iPXE is given a script made from the menu, and pxelinux never runs.
  await tree.write("netroot.toml", '[boot]\nipxe = "pxelinux.0"\n');
}

test("pxelinux shows its menu on the screen, and boots the entry that a key chooses", async ({
  page,
  tree,
  serve,
}, testInfo) => {
  test.setTimeout(2 * BOOT_TIMEOUT_MS);
  await makeLab(tree, "menu.c32");
  const relay = await serve(tree.path);
  await page.goto(`${relay.url}?boot=pxe`);
  const { powerOn } = controls(page);
  await powerOn.click();
  await page.getByRole("tab", { name: "Screen" }).click();
  const console = new ConsoleOf(page);
  const screen = () => page.evaluate(() => window.netroot!.screenText());
  await expect.poll(screen, { timeout: BOOT_TIMEOUT_MS }).toContain("The second");
  await page.screenshot({ path: testInfo.outputPath("menu.png") });
  await page.getByRole("application", { name: "The machine's screen" }).click();
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("Enter");
  await console.reaches("login");
  await page.screenshot({ path: testInfo.outputPath("prompt.png") });
  expect(await console.run("cat /proc/cmdline")).toMatch(/ entry=2( |$)/);
  expect(await console.run("findmnt -n -o FSTYPE,SOURCE /")).toMatch(/^overlay\s+OverlayOS_rootfs$/);
});

test("vesamenu draws its menu in a graphic mode, and keys move in it", async ({
  page,
  tree,
  serve,
}, testInfo) => {
  test.setTimeout(BOOT_TIMEOUT_MS);
  await makeLab(tree, "vesamenu.c32");
  const relay = await serve(tree.path);
  await page.goto(`${relay.url}?boot=pxe`);
  const { powerOn, powerOff } = controls(page);
  await powerOn.click();
  await page.getByRole("tab", { name: "Screen" }).click();
  await expect(page.locator("#screen-text")).toHaveText("The machine shows a picture.", {
    timeout: BOOT_TIMEOUT_MS,
  });
  /** Where the bar over the chosen entry is, the only thing in the picture that is red: its row, 0 where there is none. */
  const bar = () =>
    page.evaluate(() => {
      const canvas = document.querySelector<HTMLCanvasElement>("#screen-canvas")!;
      const { width, height } = canvas;
      const { data } = canvas.getContext("2d")!.getImageData(0, 0, width, height);
      const redness = Array.from({ length: height }, () => 0);
      for (let at = 0; at < data.length; at += 4)
        redness[Math.floor(at / 4 / width)]! += Math.max(
          0,
          data[at]! - Math.max(data[at + 1]!, data[at + 2]!),
        );
      const most = Math.max(...redness);
      return most < 10 * width ? 0 : redness.indexOf(most);
    });
  await expect.poll(bar, { timeout: BOOT_TIMEOUT_MS }).toBeGreaterThan(0);
  await page.getByRole("application", { name: "The machine's screen" }).click();
  const first = await bar();
  await page.screenshot({ path: testInfo.outputPath("vesamenu.png") });
  await page.keyboard.press("ArrowDown");
  await expect.poll(bar).toBeGreaterThan(first);
  await page.screenshot({ path: testInfo.outputPath("vesamenu-second.png") });
  await powerOff.click();
  await expect(powerOn).toBeEnabled();
});
