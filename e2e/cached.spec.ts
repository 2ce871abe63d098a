import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import type { Page } from "@playwright/test";
import { controls, expect, test } from "./fixtures.ts";
import { BOOT_TIMEOUT_MS } from "./machine.ts";
import { LIGHT_TREE } from "./tree.ts";

/** The bytes of each file that the last machine's worker fetched; a HEAD has none. */
async function fetched(page: Page): Promise<Record<string, number>> {
  const worker = page.workers()[0]!;
  const sizes = await worker.evaluate(() => {
    const entries = performance.getEntriesByType("resource") as PerformanceResourceTiming[];
    performance.clearResourceTimings();
    return entries.map(({ name, encodedBodySize }) => [name.split("/").at(-1)!, encodedBodySize] as const);
  });
  const sums: Record<string, number> = {};
  for (const [name, size] of sizes) sums[name] = (sums[name] ?? 0) + size;
  return sums;
}

test("kernel, initrd and firmware are fetched once for each content, reloads and changed labels included", async ({
  page,
  tree,
  serve,
}) => {
  test.setTimeout(BOOT_TIMEOUT_MS);
  for (const file of ["tftpboot/boot/linux", "tftpboot/boot/initrd", "exports/kisroot.squashfs", "firmware"])
    await tree.copy(file);
  const entry = (name: string, initrd: string) =>
    `LABEL ${name}\n  KERNEL boot/linux\n  APPEND initrd=boot/initrd${initrd} console=ttyS0\n`;
  await tree.write("tftpboot/boot/more", "");
  await tree.write("tftpboot/pxelinux.cfg/default", entry("one", "") + entry("two", ",boot/more"));
  const relay = await serve(tree.path);
  const { powerOn, powerOff, milestone } = controls(page);
  const boot = async (query: string) => {
    await page.goto(`${relay.url}?checkpoint=off&${query}`);
    await powerOn.click();
    await expect(milestone("download")).toHaveAttribute("data-state", "done");
    const sizes = await fetched(page);
    await powerOff.click();
    await expect(powerOn).toBeEnabled();
    return sizes;
  };
  const size = async (name: string) => (await readFile(`${LIGHT_TREE}/${name}`)).length;
  const [linux, initrd, bios] = await Promise.all(
    ["tftpboot/boot/linux", "tftpboot/boot/initrd", "firmware/bios.bin"].map(size),
  );
  expect(await boot("label=one")).toMatchObject({ linux, initrd, "bios.bin": bios });
  expect(await boot("label=two")).toMatchObject({ linux: 0, initrd: 0, "bios.bin": 0 });
  // The same name and length, another content.
  const changed = await readFile(`${LIGHT_TREE}/tftpboot/boot/initrd`);
  changed[changed.length - 1]! ^= 1;
  await tree.write("tftpboot/boot/initrd", changed);
  expect(await boot("label=one")).toMatchObject({ linux: 0, initrd, "bios.bin": 0 });
  const names = await page.evaluate(async () => {
    const cache = await caches.open("netroot-boot-files");
    return (await cache.keys()).map(({ url }) => url.split("/").at(-1));
  });
  expect(names).toContain(createHash("sha256").update(changed).digest("hex"));
});
