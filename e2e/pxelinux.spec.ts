import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { controls, expect, test } from "./fixtures.ts";
import { BOOT_TIMEOUT_MS, ConsoleOf } from "./machine.ts";
import { LIGHT_TREE } from "./tree.ts";

test("pxelinux shows its menu on the screen, and boots the entry that a key chooses", async ({
  page,
  tree,
  serve,
}, testInfo) => {
  test.setTimeout(2 * BOOT_TIMEOUT_MS);
  const menu = await readFile(join(LIGHT_TREE, "tftpboot/pxelinux.cfg/default"), "utf8");
  const append = /^\s*append\s+(.*)$/im.exec(menu)![1]!;
  const programs = ["pxelinux.0", "ldlinux.c32", "libcom32.c32", "libutil.c32", "menu.c32"];
  for (const file of ["boot/linux", "boot/initrd", ...programs]) await tree.copy(`tftpboot/${file}`);
  for (const file of ["exports/kisroot.squashfs", "firmware"]) await tree.copy(file);
  const entry = (label: string, words: string) =>
    `LABEL ${label}\n  MENU LABEL The ${label}\n  KERNEL boot/linux\n  APPEND ${append} ${words}\n`;
  await tree.write(
    "tftpboot/pxelinux.cfg/default",
    `UI menu.c32\nMENU TITLE The lab\n${entry("first", "entry=1")}${entry("second", "entry=2")}`,
  );
  // Otherwise the card's iPXE is given a script made from the menu, and pxelinux never runs.
  await tree.write("netroot.toml", '[boot]\nipxe = "pxelinux.0"\n');
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
