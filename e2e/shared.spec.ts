import { controls, expect, test } from "./fixtures.ts";
import { BOOT_TIMEOUT_MS } from "./machine.ts";

test("two tabs on a shared segment boot the same entry, each to an address of its own", async ({
  context,
  tree,
  serve,
}) => {
  test.setTimeout(2 * BOOT_TIMEOUT_MS);
  for (const name of ["tftpboot", "exports"]) await tree.copy(name);
  await tree.write("netroot.toml", '[segment]\nmode = "shared"\n');
  const relay = await serve(tree.path);
  const pages = [await context.newPage(), await context.newPage()];
  for (const page of pages) {
    await page.goto(relay.url);
    await expect(page.locator("#notices")).toContainText("All machines share one segment");
    // What the menu says is the same for both, and is left as it is.
    await expect(controls(page).append).toHaveValue(/ ip=10\.86\.0\.100:/);
    await controls(page).powerOn.click();
  }
  const addresses: string[] = [];
  for (const page of pages) {
    const { milestone } = controls(page);
    await expect(milestone("network")).toHaveAttribute("data-state", "done", { timeout: BOOT_TIMEOUT_MS });
    const text = await milestone("network").textContent();
    addresses.push(/10\.86\.0\.\d+/.exec(text ?? "")?.[0] ?? `none in ${text}`);
    await expect(milestone("root-attached")).toHaveAttribute("data-state", "done", {
      timeout: BOOT_TIMEOUT_MS,
    });
    await expect(page.locator('.problem[data-severity="error"]')).toHaveCount(0);
  }
  expect(addresses.toSorted()).toEqual(["10.86.0.100", "10.86.0.101"]);
});
