import { controls, expect, test } from "./fixtures.ts";
import { packetsPanel } from "./packets.ts";

test("every control has a name", async ({ page, menuOnly }) => {
  await page.goto(menuOnly.url);
  await expect(controls(page).powerOn).toBeEnabled();
  const nameless = await page.evaluate(() => {
    const name = (element: Element) =>
      element.getAttribute("aria-label") ??
      (element as HTMLInputElement).labels?.[0]?.textContent ??
      element.textContent ??
      "";
    return Array.from(
      document.querySelectorAll("button, input, select, textarea, a, [role=application], [role=progressbar]"),
    )
      .filter((element) => name(element).trim() === "")
      .map((element) => element.outerHTML);
  });
  expect(nameless).toEqual([]);
});

test("the packets' controls have names, and their filter says what it does not understand", async ({
  page,
  menuOnly,
}) => {
  await page.goto(menuOnly.url);
  const { tab, filter, wrong, list, status, hold, follow, download } = packetsPanel(page);
  await page.getByRole("tab", { name: "Serial console" }).focus();
  for (const key of ["End", "ArrowLeft"]) await page.keyboard.press(key);
  await expect(tab).toBeFocused();
  await expect(status).toHaveText("No frames yet");
  for (const control of [filter, list, hold, download]) await expect(control).toBeVisible();
  await expect(follow).toBeDisabled();
  await page.keyboard.press("Tab");
  await expect(filter).toBeFocused();
  await page.keyboard.type("nbd and");
  await page.keyboard.press("Enter");
  await expect(wrong).toContainText("The name of a protocol or a field is expected at the end.");
  await page.keyboard.press("Tab");
  await page.keyboard.press("Space");
  await expect(hold).toHaveAttribute("aria-pressed", "true");
});

test("the page is used with the keyboard alone", async ({ page, menuOnly }) => {
  await page.goto(menuOnly.url);
  const { entry, append, powerOn, problem } = controls(page);
  await expect(powerOn).toBeEnabled();
  await page.keyboard.press("Tab");
  await expect(page.getByRole("link", { name: "Skip to the console" })).toBeFocused();
  await page.keyboard.press("Tab");
  await page.keyboard.press("Tab");
  await expect(entry).toBeFocused();
  for (let presses = 0; presses < 6; presses++) await page.keyboard.press("Tab");
  await expect(append).toBeFocused();
  await page.keyboard.press("Enter");
  await expect(problem("kernel-missing")).toBeVisible();
});

test("both consoles give the keyboard back", async ({ page, menuOnly }) => {
  await page.goto(menuOnly.url);
  const serialTab = page.getByRole("tab", { name: "Serial console" });
  const screenTab = page.getByRole("tab", { name: "VGA screen" });

  await page.getByLabel("Serial console", { exact: true }).and(page.locator("textarea")).focus();
  await page.keyboard.press("Tab");
  await expect(serialTab).not.toBeFocused();
  await page.keyboard.press("Control+Alt");
  await expect(serialTab).toBeFocused();

  await page.keyboard.press("ArrowRight");
  await expect(screenTab).toBeFocused();
  await expect(screenTab).toHaveAttribute("aria-selected", "true");
  await page.keyboard.press("Tab");
  const screen = page.getByRole("application", { name: "The machine's screen" });
  await expect(screen).toBeFocused();
  await page.keyboard.press("Enter");
  await expect(page.locator("#screen-hint")).toContainText("Ctrl+Alt lets go");
  await page.keyboard.press("Tab");
  await expect(screen).toBeFocused();
  await page.keyboard.press("Control+Alt");
  await expect(screenTab).toBeFocused();
});

test("nothing jumps while the page loads", async ({ page, menuOnly }) => {
  await page.addInitScript(() => {
    const shifts: number[] = [];
    Object.assign(window, { shifts });
    new PerformanceObserver((list) => {
      for (const entry of list.getEntries())
        shifts.push((entry as PerformanceEntry & { value: number }).value);
    }).observe({ type: "layout-shift", buffered: true });
  });
  await page.goto(menuOnly.url);
  await expect(controls(page).powerOn).toBeEnabled();
  await expect(controls(page).relay).toHaveAttribute("data-state", "good");
  const shifts = await page.evaluate(() => (window as unknown as { shifts: number[] }).shifts);
  expect(shifts.reduce((sum, shift) => sum + shift, 0)).toBeLessThan(0.01);
});

for (const colorScheme of ["dark", "light"] as const) {
  for (const width of [360, 1280, 1920]) {
    test(`nothing is cut off at ${width} px, ${colorScheme}`, async ({ page, menuOnly }, testInfo) => {
      await page.emulateMedia({ colorScheme });
      await page.setViewportSize({ width, height: Math.round(width < 600 ? 780 : width * 0.5625) });
      await page.goto(menuOnly.url);
      await expect(controls(page).powerOn).toBeEnabled();
      const overflow = await page.evaluate(
        () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
      );
      expect(overflow).toBe(0);
      await page.screenshot({ path: testInfo.outputPath("page.png"), fullPage: true });
    });
  }
}
