import { copyFile } from "node:fs/promises";
import { join } from "node:path";
import { cutShort } from "./cutting-proxy.ts";
import { controls, expect, MENU, test } from "./fixtures.ts";
import { LIGHT_TREE } from "./tree.ts";

test("no relay: the page says so, and finds it when it is there", async ({ page, menuOnly }) => {
  let away = true;
  await page.route(/\/(status|tftpboot\/.*)$/, (route) => (away ? route.abort() : route.continue()));
  await page.goto(menuOnly.url);
  const { relay, hint, powerOn, entry } = controls(page);
  await expect(relay).toContainText("does not answer");
  await expect(hint).toContainText("The relay does not answer");
  await expect(hint).toContainText("npm start");
  await expect(powerOn).toBeDisabled();
  away = false;
  await expect(entry).toHaveValue("Overlay-Boot");
  await expect(powerOn).toBeEnabled();
});

test("the relay dies and comes back", async ({ page, menuOnly, serve, tree }) => {
  await page.goto(menuOnly.url);
  const { relay } = controls(page);
  await expect(relay).toHaveAttribute("data-state", "good");
  await menuOnly.stop();
  await expect(relay).toContainText("does not answer");
  await serve(tree.path, menuOnly.port);
  await expect(relay).toHaveAttribute("data-state", "good");
});

test("a tree without pxelinux.cfg", async ({ page, tree, serve }) => {
  const relay = await serve(tree.path);
  await page.goto(relay.url);
  const { hint, powerOn } = controls(page);
  await expect(hint).toContainText("no tftpboot/pxelinux.cfg/default");
  await expect(hint).toContainText("netroot image build");
  await expect(powerOn).toBeDisabled();
});

test("a kernel that is not there", async ({ page, menuOnly }) => {
  await page.goto(menuOnly.url);
  const { powerOn, problem, milestone, now } = controls(page);
  await expect(page.locator("#notices")).toContainText("boot/linux");
  await powerOn.click();
  const card = problem("kernel-missing");
  await expect(card).toContainText("tftpboot/boot/linux (404)");
  await expect(card).toContainText("It happened at: fetching the kernel and the initrd");
  await expect(milestone("download")).toHaveAttribute("data-state", "failed");
  await expect(now).toContainText("Stopped: fetching the kernel and the initrd");
  await expect(powerOn).toBeEnabled();
  await card.getByRole("button", { name: "Dismiss" }).click();
  await expect(card).toBeHidden();
});

test("an initrd that breaks off", async ({ page, tree, serve }) => {
  await tree.write("tftpboot/pxelinux.cfg/default", MENU);
  await tree.write("tftpboot/boot/initrd", new Uint8Array(4_000_000));
  await copyFile(join(LIGHT_TREE, "tftpboot/boot/linux"), join(tree.path, "tftpboot/boot/linux"));
  const relay = await serve(tree.path);
  const proxy = await cutShort(relay.url, "/tftpboot/boot/initrd", 1_000_000);
  try {
    await page.goto(proxy.url);
    const { powerOn, problem, milestone } = controls(page);
    await powerOn.click();
    await expect(problem("initrd-truncated")).toContainText("of 4000000 bytes");
    await expect(milestone("download")).toHaveAttribute("data-state", "failed");
    await expect(powerOn).toBeEnabled();
  } finally {
    await proxy.close();
  }
});

test("something that is no kernel", async ({ page, menuOnly, tree }) => {
  await tree.write("tftpboot/boot/linux", "#!/bin/sh\necho hello\n".repeat(100));
  await tree.write("tftpboot/boot/initrd", new Uint8Array(1000));
  await page.goto(menuOnly.url);
  const { powerOn, problem } = controls(page);
  await powerOn.click();
  await expect(problem("kernel-not-bzimage")).toContainText("not a Linux kernel image");
});

test("the machine's worker cannot be loaded", async ({ page, menuOnly }) => {
  await page.route(/worker-.*\.js$/, (route) => route.fulfill({ status: 404, body: "" }));
  await page.goto(menuOnly.url);
  const { problem, powerOn, powerOff } = controls(page);
  await expect(problem("worker-load-failed")).toContainText("could not be loaded");
  await powerOn.click();
  await expect(problem("worker-load-failed")).toHaveCount(1);
  await expect(powerOff).toBeDisabled();
});

test("the machine's worker crashes, and Power on starts a fresh one", async ({ page, menuOnly }) => {
  let crash = true;
  await page.route(/worker-.*\.js$/, async (route) => {
    const response = await route.fetch();
    const code = await response.text();
    const bomb = "\nsetTimeout(() => { throw new Error('out of coffee'); }, 300);\n";
    await route.fulfill({ response, body: crash ? code + bomb : code });
  });
  await page.goto(menuOnly.url);
  const { problem, powerOn } = controls(page);
  await expect(problem("worker-crashed")).toContainText("has crashed: Uncaught Error: out of coffee.");
  crash = false;
  await powerOn.click();
  await expect(problem("kernel-missing")).toBeVisible();
  await expect(problem("worker-crashed")).toBeHidden();
});

for (const missing of ["WebAssembly", "WebSocket", "Worker"]) {
  test(`a browser without ${missing}`, async ({ page, menuOnly }) => {
    await page.addInitScript((name) => Reflect.deleteProperty(window, name), missing);
    await page.goto(menuOnly.url);
    const { problem, powerOn } = controls(page);
    await expect(problem("browser-unsupported")).toContainText("the machine cannot run in it");
    await expect(powerOn).toBeDisabled();
  });
}
