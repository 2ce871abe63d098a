import { controls, expect, test } from "./fixtures.ts";

const KERNEL = "KERNEL boot/linux\n  APPEND initrd=boot/initrd root=/dev/ram0";

/** A boot tree's config files, by their path in tftpboot. */
const FILES: Readonly<Record<string, string>> = {
  "pxelinux.cfg/default": `UI menu.c32
MENU TITLE Lab 3
SERIAL 0
BOGUS line
LABEL local
  LOCALBOOT 0
LABEL stable
  MENU LABEL ^Stable system
  MENU DEFAULT
  TEXT HELP
  The one for every day.
  ENDTEXT
  ${KERNEL}
MENU SEPARATOR
MENU INCLUDE menus/rescue.cfg Rescue
LABEL more
  MENU LABEL More ...
  CONFIG menus/more.cfg
`,
  "menus/rescue.cfg": `LABEL rescue\n  ${KERNEL} rescue\nINCLUDE pxelinux.cfg/default\n`,
  "menus/more.cfg": `ALLOWOPTIONS 0\nLABEL fixed\n  ${KERNEL} fixed\n`,
};

test("headings, submenus from included files, and the help of an entry are on the page", async ({
  page,
  tree,
  serve,
}) => {
  for (const [path, text] of Object.entries(FILES)) await tree.write(`tftpboot/${path}`, text);
  const relay = await serve(tree.path);
  await page.goto(relay.url);
  const { entry, append } = controls(page);
  await expect(entry).toHaveValue("stable");
  await expect(page.locator("#menu-title")).toHaveText("Lab 3");
  await expect(page.locator("#entry-help")).toContainText("The one for every day.");
  await expect(entry.locator("optgroup")).toHaveAttribute("label", "Rescue");
  await expect(entry.locator("option", { hasText: "local" })).toBeDisabled();

  await entry.selectOption("rescue");
  await expect(append).toHaveValue("initrd=boot/initrd root=/dev/ram0 rescue");
  await expect(page.locator("#entry-help")).toBeHidden();
});

test("what has no effect in the menu is said with its file and line", async ({ page, tree, serve }) => {
  for (const [path, text] of Object.entries(FILES)) await tree.write(`tftpboot/${path}`, text);
  const relay = await serve(tree.path);
  await page.goto(relay.url);
  const notes = page.locator("#menu-notes");
  await expect(notes.locator("summary")).toHaveText(
    "2 slips in the menu, 1 line of the menu without effect here",
  );
  await notes.locator("summary").click();
  await expect(notes).toContainText("pxelinux.cfg/default, line 4: BOGUS line – there is no keyword BOGUS");
  await expect(notes).toContainText(
    "menus/rescue.cfg, line 4: INCLUDE pxelinux.cfg/default – pxelinux.cfg/default includes itself",
  );
});

test("an entry leads to another menu, and that one back", async ({ page, tree, serve }) => {
  for (const [path, text] of Object.entries(FILES)) await tree.write(`tftpboot/${path}`, text);
  const relay = await serve(tree.path);
  await page.goto(relay.url);
  const { entry, append, hint, coldBoot } = controls(page);
  const open = page.getByRole("button", { name: "Open this menu" });
  await entry.selectOption("more · More ...");
  await expect(hint).toContainText("leads to another menu");
  await expect(coldBoot).toBeDisabled();
  await open.click();
  await expect(entry).toHaveValue("fixed");
  await expect(append).not.toBeEditable();
  await expect(hint).toContainText("ALLOWOPTIONS 0");
  await entry.selectOption("← the first menu");
  await open.click();
  await expect(entry).toHaveValue("stable");
});

test("a menu beside its own pxelinux.0 names its files from there", async ({ page, tree, serve }) => {
  await tree.write("netroot.toml", '[boot]\nfile = "installer/pxelinux.0"\n');
  await tree.write("tftpboot/installer/pxelinux.0", "");
  await tree.write("tftpboot/installer/pxelinux.cfg/0A56", "INCLUDE menu.cfg\n");
  await tree.write(
    "tftpboot/installer/menu.cfg",
    "LABEL install\nKERNEL linux\nINITRD one,two\nAPPEND root=x\n",
  );
  const relay = await serve(tree.path);
  await page.goto(relay.url);
  const { entry, append, powerOn, problem } = controls(page);
  await expect(entry).toHaveValue("install");
  await expect(append).toHaveValue("root=x initrd=one,two");
  await powerOn.click();
  await expect(problem("kernel-missing")).toContainText("tftpboot/installer/linux");
});

test.describe("a menu that starts something by itself", () => {
  const menu = (timeout: number) => `UI menu.c32\nTIMEOUT ${timeout}\nLABEL one\n  ${KERNEL}\n`;

  test("does not, on a page that was just opened", async ({ page, tree, serve }) => {
    await tree.write("tftpboot/pxelinux.cfg/default", menu(1));
    const relay = await serve(tree.path);
    await page.goto(relay.url);
    const { powerOn, relay: relayNode } = controls(page);
    await expect(powerOn).toBeEnabled();
    await expect(relayNode).toContainText(`127.0.0.1:${relay.port}`);
    // The page asks the relay how it is every few seconds: long after the menu's tenth of a second.
    await page.waitForResponse(/\/status$/);
    await expect(page.locator("#countdown")).toBeHidden();
    await expect(powerOn).toBeEnabled();
  });

  test("counts down where the page's address lets it start, and any key stops it", async ({
    page,
    tree,
    serve,
  }) => {
    await tree.write("tftpboot/pxelinux.cfg/default", menu(3000));
    const relay = await serve(tree.path);
    const countdown = page.locator("#countdown");
    const { powerOn, powerOff } = controls(page);

    await page.goto(`${relay.url}?autostart=1`);
    await expect(countdown).toContainText(/one starts in \d+ s\. Any key stops it\./);
    await page.keyboard.press("ArrowDown");
    await expect(countdown).toBeHidden();
    await expect(powerOff).toBeDisabled();

    await page.goto(`${relay.url}?autostart=1`);
    await countdown.getByRole("button", { name: "Stop" }).click();
    await expect(countdown).toBeHidden();
    await expect(powerOn).toBeEnabled();
  });

  for (const [when, text] of [
    ["when the time is up", menu(5)],
    ["at once where PXELINUX does not ask", `DEFAULT one\nTIMEOUT 3000\nLABEL one\n  ${KERNEL}\n`],
  ] as const) {
    test(`starts it ${when}`, async ({ page, tree, serve }) => {
      await tree.write("tftpboot/pxelinux.cfg/default", text);
      const relay = await serve(tree.path);
      await page.goto(`${relay.url}?autostart=1`);
      // There is no such file: that it is asked for is enough.
      await expect(controls(page).problem("kernel-missing")).toBeVisible();
      await expect(page.locator("#countdown")).toBeHidden();
    });
  }

  test("is not followed to where this machine cannot go", async ({ page, tree, serve }) => {
    await tree.write(
      "tftpboot/pxelinux.cfg/default",
      `DEFAULT disk\nLABEL disk\n  LOCALBOOT 0\nLABEL one\n  KERNEL boot/linux\n  APPEND root=x\n`,
    );
    const relay = await serve(tree.path);
    await page.goto(`${relay.url}?autostart=1`);
    const { hint, entry, powerOff } = controls(page);
    await expect(hint).toContainText("The menu starts disk by itself, which is not for this machine");
    await expect(entry).toHaveValue("one");
    await expect(powerOff).toBeDisabled();
  });
});
