import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { startCuttingProxy } from "../cli/fault-tests/cutting-proxy.ts";
import { nbdServersOf } from "../relay/fault-tests/nbd-servers.ts";
import { controls, expect, MENU, test } from "./fixtures.ts";
import { BOOT_TIMEOUT_MS, ConsoleOf } from "./machine.ts";
import { LIGHT_TREE } from "./tree.ts";

// Boots that go wrong where only the guest can tell: each ends in a sentence, and never just stands still.

test("an export that does not exist", async ({ page, serve }) => {
  test.setTimeout(BOOT_TIMEOUT_MS);
  const relay = await serve(LIGHT_TREE);
  await page.goto(relay.url);
  const { append, hint, powerOn, powerOff, problem, milestone } = controls(page);
  await expect(append).toHaveValue(/:kisroot/);
  await append.fill((await append.inputValue()).replace(":kisroot", ":kissroot"));
  await expect(hint).toContainText("The relay has no export kissroot. It has kisroot.");
  await powerOn.click();
  await expect(problem("export-unknown")).toContainText("kissroot", { timeout: BOOT_TIMEOUT_MS });
  await expect(milestone("root-attached")).toHaveAttribute("data-state", "failed");
  await powerOff.click();
  await expect(powerOn).toBeEnabled();
});

test("an initrd file that was cut off", async ({ page, tree, serve }) => {
  test.setTimeout(BOOT_TIMEOUT_MS);
  const initrd = await readFile(join(LIGHT_TREE, "tftpboot/boot/initrd"));
  await tree.write("tftpboot/pxelinux.cfg/default", MENU);
  await tree.copy("tftpboot/boot/linux");
  await tree.copy("firmware");
  await tree.write("tftpboot/boot/initrd", initrd.subarray(0, initrd.length / 2));
  const relay = await serve(tree.path);
  await page.goto(relay.url);
  const { powerOn } = controls(page);
  await powerOn.click();
  const said = page.locator('.problem[data-severity="error"]').first();
  await expect(said).toBeVisible({ timeout: BOOT_TIMEOUT_MS });
});

test("the relay dies under a running machine, and comes back", async ({ page, serve }) => {
  test.setTimeout(BOOT_TIMEOUT_MS);
  const relay = await serve(LIGHT_TREE);
  await page.goto(relay.url);
  const { powerOn, problem, milestone } = controls(page);
  const wire = page.locator("#link-wire");
  await powerOn.click();
  await expect(milestone("kernel")).toHaveAttribute("data-state", "done", { timeout: BOOT_TIMEOUT_MS });
  await expect(wire).toContainText("wire open");
  await relay.stop();
  await expect(wire).toContainText("wire lost");
  await expect(problem("relay-lost")).toContainText("cable is unplugged");
  await serve(LIGHT_TREE, relay.port);
  await expect(wire).toContainText("wire open", { timeout: 60_000 });
  await expect(problem("relay-lost")).toBeHidden();
});

test("the wire is cut and nbd-server is killed in the middle of a boot, again and again", async ({
  page,
  serve,
}) => {
  test.setTimeout(2 * BOOT_TIMEOUT_MS);
  const image = join(LIGHT_TREE, "exports/kisroot.squashfs");
  const relay = await serve(LIGHT_TREE);
  const proxy = await startCuttingProxy(relay.port);
  const console = new ConsoleOf(page);
  const { powerOn } = controls(page);
  await page.goto(`http://127.0.0.1:${proxy.port}/?near=off&checkpoint=off`);
  await powerOn.click();
  await console.reaches("network");
  proxy.cut();
  for (const milestone of ["root-attached", "switch-root", "userspace"]) {
    await console.reaches(milestone);
    const servers = await nbdServersOf(imageOf(relay.log()));
    expect(servers).not.toEqual([]);
    for (const pid of servers) process.kill(pid, "SIGKILL");
    if (milestone === "switch-root") proxy.cutClients();
    else proxy.cut();
  }
  await console.reaches("login");
  await expect(page.locator("#link-wire")).toHaveAttribute("data-blocks", "wire");
  const read = "dd if=/dev/nbd0 bs=1M skip=20 count=4 iflag=direct 2>/dev/null | sha256sum";
  const bytes = (await readFile(image)).subarray(20 * 2 ** 20, 24 * 2 ** 20);
  expect(await console.run(read)).toContain(createHash("sha256").update(bytes).digest("hex"));
  expect(relay.log()).toContain("back on the wire");
  expect(relay.log()).toContain("The server is away");
  await page.close();
  await proxy.close();
});

/** The path that nbd-server was given. */
function imageOf(log: string): string {
  return /assigned file is (\S+)/.exec(log)![1]!;
}
