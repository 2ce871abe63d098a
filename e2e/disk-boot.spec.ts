import { execFile } from "node:child_process";
import { readFile, writeFile } from "node:fs/promises";
import { promisify } from "node:util";
import { gunzipSync } from "node:zlib";
import type { Page, TestInfo } from "@playwright/test";
import {
  KEPT,
  lastSynced,
  READY,
  recordOf,
  WRITER_INIT,
  writerInitrd,
} from "../cli/disk/testing/writer-initrd.ts";
import { controls, expect, test } from "./fixtures.ts";
import { BOOT_TIMEOUT_MS, ConsoleOf } from "./machine.ts";
import { LIGHT_TREE } from "./tree.ts";

const run = promisify(execFile);

/** Numbered records, each acknowledged on the console when fsync has returned. The mark is typed in halves: its echo is not it. */
const RECORDS =
  'n=0; while :; do n=$((n+1)); echo "record $n" | dd of=/root/r$n conv=fsync 2>/dev/null && echo "SYNCED"-$n; done';

async function acknowledgedIn(console: ConsoleOf): Promise<number[]> {
  return [...(await console.text()).matchAll(/^SYNCED-(\d+)$/gm)].map(([, number]) => Number(number));
}

/** Ends the machine's worker between two of its instructions, as a crash does. */
async function killWorker(page: Page): Promise<void> {
  const [worker] = page.workers();
  const ended = new Promise((resolve) => worker!.once("close", resolve));
  await worker!.evaluate(() => self.close());
  await ended;
}

/** The disk "work" as a raw image, when its journal was replayed and e2fsck has found it clean. */
async function downloadedImage(page: Page, testInfo: TestInfo): Promise<string> {
  await page.getByRole("button", { name: "Disks …" }).click();
  const [file] = await Promise.all([
    page.waitForEvent("download"),
    page.getByRole("button", { name: "Download work" }).click(),
  ]);
  const raw = testInfo.outputPath("work.img");
  await file.saveAs(`${raw}.gz`);
  await writeFile(raw, gunzipSync(await readFile(`${raw}.gz`)));
  await run("/sbin/e2fsck", ["-E", "journal_only", "-p", raw]).catch((error) => {
    // 1: it has replayed the journal.
    if (error.code !== 1) throw error;
  });
  await run("/sbin/e2fsck", ["-fn", raw]);
  return raw;
}

/** Only what the small guest needs: a kernel, an initrd with a program in it, and no network root. */
const WRITER_MENU = `DEFAULT writer
LABEL writer
  KERNEL boot/linux
  APPEND initrd=boot/initrd,boot/writer ${WRITER_INIT} console=ttyS0 quiet nokaslr noisapnp cryptomgr.notests
`;

test("A disk in the browser keeps what fsync acknowledged: at a reset, when the worker is killed, in another tab", async ({
  page: first,
  context,
  tree,
  serve,
}, testInfo) => {
  test.setTimeout(BOOT_TIMEOUT_MS);
  for (const name of ["tftpboot/boot", "firmware"]) await tree.copy(name);
  await tree.write("tftpboot/boot/writer", writerInitrd());
  await tree.write("tftpboot/pxelinux.cfg/default", WRITER_MENU);
  const relay = await serve(tree.path);
  const url = `${relay.url}?write=disk:work&memory=256&autostart=1`;
  const acknowledged: number[] = [];

  /** Has the guest write records from `from` on, until some were acknowledged. */
  const write = async (page: Page, from: number) => {
    const console = new ConsoleOf(page);
    await console.waitsFor(READY, BOOT_TIMEOUT_MS);
    await page.evaluate((line) => window.netroot!.type(line), `${from}\n`);
    await expect.poll(async () => lastSynced(await console.text()) ?? 0).toBeGreaterThanOrEqual(from + 3);
  };
  /** Notes what was acknowledged before `act`, which ends the machine. */
  const ends = async (page: Page, from: number, act: () => Promise<void>) => {
    const synced = lastSynced(await new ConsoleOf(page).text())!;
    for (let number = Math.max(from, synced - KEPT / 2); number <= synced; number += 1)
      acknowledged.push(number);
    await act();
  };

  await first.goto(url);
  await expect(controls(first).append).toHaveValue(/ rd\.root\.overlay\.write=\/dev\/sda$/);
  await write(first, 1);
  const second = await context.newPage();
  await second.goto(url);
  await expect(controls(second).problem("disk-busy")).toContainText(
    "The disk work is in the machine of another tab of this browser, since",
  );
  await second.close();

  await ends(first, 1, () => controls(first).reset.click());
  await expect.poll(async () => (await new ConsoleOf(first).text()).includes("SYNCED")).toBe(false);
  await write(first, 1001);
  await ends(first, 1001, () => killWorker(first));
  await first.close();

  const page = await context.newPage();
  await page.goto(url);
  await write(page, 2001);
  await ends(page, 2001, () => controls(page).powerOff.click());
  await expect(controls(page).powerOn).toBeEnabled();
  const image = await downloadedImage(page, testInfo);
  await run("/sbin/debugfs", ["-R", `rdump /r ${testInfo.outputDir}`, image]);
  for (const number of acknowledged)
    expect(await readFile(testInfo.outputPath("r", String(number)), "utf8")).toBe(recordOf(number));
  expect(acknowledged.length).toBeGreaterThanOrEqual(12);
});

// A minute and a half: for whoever changes this, not for every run.
test.describe("a whole system", () => {
  test.skip(process.env.NETROOT_LONG_TESTS !== "1", "NETROOT_LONG_TESTS=1 runs it");

  test("keeps on a disk in the browser what was synced", async ({
    page: first,
    context,
    serve,
  }, testInfo) => {
    test.setTimeout(3 * BOOT_TIMEOUT_MS);
    const relay = await serve(LIGHT_TREE);
    const url = `${relay.url}?write=disk:work&autostart=1`;

    const acknowledged =
      await test.step("made at its first boot, and written to until the worker is killed", async () => {
        await first.goto(url);
        const { append } = controls(first);
        await expect(append).toHaveValue(/ rd\.root\.overlay\.write=\/dev\/sda$/);
        const console = new ConsoleOf(first);
        await console.reaches("login");
        expect(await console.run("findmnt -n -o SOURCE,FSTYPE /run/overlay/overlayfs")).toMatch(
          /^\/dev\/sda\s+ext4$/,
        );

        const second = await context.newPage();
        await second.goto(url);
        await expect(controls(second).problem("disk-busy")).toContainText(
          "The disk work is in the machine of another tab of this browser, since",
        );
        await second.close();

        await console.run("echo kept > /root/kept; sync");
        await expect(first.locator("#disk-state")).toContainText("all synced");
        await first.evaluate((line) => window.netroot!.type(`${line}\n`), RECORDS);
        await console.waitsFor(/\nSYNCED-4\n/);
        await killWorker(first);
        return acknowledgedIn(console);
      });
    await first.close();

    const page = await context.newPage();
    const console = new ConsoleOf(page);
    await test.step("in another tab everything that fsync acknowledged is there", async () => {
      await page.goto(url);
      await console.reaches("login");
      expect(await console.run("cat /root/kept")).toBe("kept");
      for (const number of acknowledged)
        expect(await console.run(`cat /root/r${number}`)).toBe(`record ${number}`);
      await console.run("echo after the crash > /root/after; sync");
    });

    await test.step("no room: the system has an error, the person a sentence", async () => {
      const browser = await context.newCDPSession(page);
      const { origin } = new URL(relay.url);
      await browser.send("Storage.overrideQuotaForOrigin", { origin, quotaSize: 1_000_000 });
      const large =
        "dd if=/dev/zero bs=1M count=2 2>/dev/null | tr '\\0' x | dd of=/root/large conv=fsync 2>&1";
      expect(await console.run(large)).toMatch(/Input\/output error|Read-only file system/);
      await expect(controls(page).problem("disk-full")).toContainText(
        "there is no room left where it is kept",
      );
      await browser.send("Storage.overrideQuotaForOrigin", { origin });
    });

    await test.step("downloaded, the image is clean", async () => {
      await controls(page).powerOff.click();
      await expect(controls(page).powerOn).toBeEnabled();
      const raw = await downloadedImage(page, testInfo);
      const { stdout } = await run("/sbin/debugfs", ["-R", "cat /rw/root/after", raw]);
      expect(stdout).toBe("after the crash\n");
    });
  });
});
