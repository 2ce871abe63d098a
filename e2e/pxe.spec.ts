import { controls, expect, test } from "./fixtures.ts";
import { BOOT_TIMEOUT_MS, ConsoleOf } from "./machine.ts";
import { LIGHT_TREE } from "./tree.ts";

test("the machine's own firmware boots by the script of the tree's menu, seen on the screen", async ({
  page,
  serve,
}, testInfo) => {
  test.setTimeout(2 * BOOT_TIMEOUT_MS);
  const relay = await serve(LIGHT_TREE);
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
  expect(await console.run("cat /sys/class/net/eth0/address")).toContain("02:6e:72:01:00:00");
  await page.screenshot({ path: testInfo.outputPath("prompt.png") });
});
