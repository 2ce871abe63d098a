import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { controls, expect, test } from "./fixtures.ts";
import { BOOT_TIMEOUT_MS, ConsoleOf } from "./machine.ts";
import { LIGHT_TREE } from "./tree.ts";

test("the machine's own firmware boots from the boot network, seen on the screen", async ({
  page,
  tree,
  serve,
}, testInfo) => {
  test.setTimeout(2 * BOOT_TIMEOUT_MS);
  const menu = await readFile(join(LIGHT_TREE, "tftpboot/pxelinux.cfg/default"), "utf8");
  const append = /^\s*append\s+(.*)$/im.exec(menu)![1]!.replace(/\binitrd=\S+\s*/, "");
  for (const file of ["tftpboot/boot/linux", "tftpboot/boot/initrd", "exports/kisroot.squashfs", "firmware"])
    await tree.copy(file);
  await tree.write("tftpboot/pxelinux.cfg/default", menu);
  await tree.write("netroot.toml", '[boot]\nipxe = "menu.ipxe"\n');
  await tree.write(
    "tftpboot/menu.ipxe",
    `#!ipxe\nkernel http://10.86.0.1/boot/linux ${append}\ninitrd http://10.86.0.1/boot/initrd\nboot\n`,
  );
  const relay = await serve(tree.path);
  await page.goto(`${relay.url}?boot=pxe`);
  const { entry, nic, hint, powerOn, milestone, coldBoot } = controls(page);
  await expect(hint).toContainText("boots by its own firmware");
  await expect(entry).toBeDisabled();
  await expect(nic).toHaveValue("ne2k");
  await expect(coldBoot).toBeDisabled();
  await powerOn.click();
  const console = new ConsoleOf(page);
  await console.reaches("dhcp");
  await page.getByRole("tab", { name: "Screen" }).click();
  await page.screenshot({ path: testInfo.outputPath("ipxe.png") });
  await expect(milestone("dhcp")).toContainText("10.86.0.100 from 10.86.0.1");
  await console.reaches("login");
  expect(await console.run("findmnt -n -o FSTYPE,SOURCE /")).toMatch(/^overlay\s+OverlayOS_rootfs$/);
  await page.screenshot({ path: testInfo.outputPath("prompt.png") });
});
