import type { Page } from "@playwright/test";
import { controls, expect, test } from "./fixtures.ts";

test("the boot entry and its append line come from the boot server's menu", async ({ page, menuOnly }) => {
  await page.goto(menuOnly.url);
  const { entry, append, powerOn, powerOff, pause, reset, relay } = controls(page);
  await expect(entry).toHaveValue("Overlay-Boot");
  await expect(append).toHaveValue("initrd=boot/initrd root=overlay:nbd=10.86.0.1:kisroot console=ttyS0");
  await expect(powerOn).toBeEnabled();
  for (const button of [powerOff, pause, reset]) await expect(button).toBeDisabled();
  await expect(relay).toContainText(`127.0.0.1:${menuOnly.port}`);

  await entry.selectOption("other · Another system");
  await expect(append).toHaveValue("root=/dev/ram0");
});

test("an edited line can be taken back", async ({ page, menuOnly }) => {
  await page.goto(menuOnly.url);
  const { append, undo, hint } = controls(page);
  await append.fill("console=ttyS0");
  await expect(hint).toContainText("There is no root= in this line.");
  await undo.click();
  await expect(append).toHaveValue(/^initrd=boot\/initrd root=overlay/);
  await expect(append).toBeFocused();
  await expect(undo).toBeHidden();
});

test("an export that the relay does not have is named before power-on", async ({ page, menuOnly }) => {
  await page.goto(menuOnly.url);
  await expect(controls(page).hint).toContainText("The relay has no export kisroot.");
});

test("the page's address chooses entry, machine and more of the append line", async ({ page, menuOnly }) => {
  await page.goto(`${menuOnly.url}?label=other&nic=ne2k&memory=256&append=rd.kiwi.debug`);
  const { entry, nic, memory, append } = controls(page);
  await expect(entry).toHaveValue("other");
  await expect(nic).toHaveValue("ne2k");
  await expect(memory).toHaveValue("256");
  await expect(append).toHaveValue("root=/dev/ram0 rd.kiwi.debug");
});

/** What a person sees of the configuration. */
async function configuration(page: Page) {
  const { entry, memory, nic, write, append } = controls(page);
  await expect(controls(page).powerOn).toBeEnabled();
  const values = [entry, memory, nic, write, append].map((control) => control.inputValue());
  const tab = page.getByRole("tab", { selected: true }).textContent();
  return Promise.all([...values, tab]);
}

test("a copied link shows the same configuration to whoever opens it", async ({
  page,
  context,
  browser,
  menuOnly,
}) => {
  await context.grantPermissions(["clipboard-read", "clipboard-write"]);
  await page.goto(`${menuOnly.url}?near=off`);
  const { entry, memory, nic, write, append, copyLink } = controls(page);
  await entry.selectOption("other · Another system");
  await memory.fill("300");
  await nic.selectOption("NE2000");
  await write.selectOption("a new disk disk in this browser");
  await page.getByRole("tab", { name: "Blocks" }).click();
  const links: string[] = [];
  for (const line of [
    "root=/dev/ram0 rd.kiwi.debug rd.root.overlay.write=/dev/sda",
    'root=/dev/ram1 init="/bin/a b" x=ä&y#z',
  ]) {
    await append.fill(line);
    await copyLink.click();
    await expect(page.getByRole("button", { name: "Link copied" })).toBeVisible();
    const link = await page.evaluate(() => navigator.clipboard.readText());
    links.push(link);
    const other = await browser.newContext();
    const opened = await other.newPage();
    await opened.goto(link);
    expect(await configuration(opened)).toEqual(await configuration(page));
    expect(await controls(opened).append.inputValue()).toBe(line);
    await other.close();
    await expect(copyLink).toBeVisible();
  }
  expect(links[0]).toBe(
    `${menuOnly.url}?label=other&nic=ne2k&memory=300&write=disk&append=rd.kiwi.debug&tab=blocks&near=off`,
  );
});

test("what the address asks for in vain is said", async ({ page, menuOnly }) => {
  await page.goto(`${menuOnly.url}?label=other&nic=e1000&memory=1`);
  const { hint, nic } = controls(page);
  await expect(nic).toHaveValue("virtio");
  await expect(hint).toContainText("nic=e1000 is not known here");
  await expect(hint).toContainText("memory=1 cannot be used");
});

test("memory out of bounds does not power on", async ({ page, menuOnly }) => {
  await page.goto(menuOnly.url);
  const { memory, powerOn, powerOff } = controls(page);
  await memory.fill("4");
  await powerOn.click();
  await expect(memory).toBeFocused();
  await expect(powerOff).toBeDisabled();
});

test("the colour scheme can be chosen, and is remembered", async ({ page, menuOnly }) => {
  await page.emulateMedia({ colorScheme: "light" });
  await page.goto(menuOnly.url);
  const ground = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
  const light = await ground();
  await page.getByRole("button", { name: "Dark scheme" }).click();
  const dark = await ground();
  expect(dark).not.toBe(light);
  await page.reload();
  expect(await ground()).toBe(dark);
  await expect(page.getByRole("button", { name: "Light scheme" })).toBeVisible();
});
