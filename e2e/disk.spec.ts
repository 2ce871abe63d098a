import { execFile } from "node:child_process";
import { readFile, writeFile } from "node:fs/promises";
import { promisify } from "node:util";
import { gunzipSync } from "node:zlib";
import type { Page } from "@playwright/test";
import { controls, expect, test } from "./fixtures.ts";

const run = promisify(execFile);

/** The disks of this browser, as a person manages them. */
function disksOf(page: Page) {
  const disk = (name: string) => page.locator(`[data-disk="${name}"]`);
  return {
    disk,
    open: () => page.getByRole("button", { name: "Disks …" }).click(),
    close: () => page.getByRole("button", { name: "Close", exact: true }).click(),
    said: page.locator("#disk-said"),
    storage: page.locator("#disks-storage"),
    choice: page.getByLabel("What is written goes to"),
    async create(name: string, size = "256 MiB") {
      await page.getByLabel("Name of a new disk").fill(name);
      await page.getByLabel("Its size").selectOption({ label: size });
      await page.getByRole("button", { name: "Create" }).click();
    },
    async act(what: string, name: string, answer?: string) {
      if (answer !== undefined || what === "Delete" || what === "Reset")
        page.once("dialog", (dialog) => void dialog.accept(answer));
      await page.getByRole("button", { name: `${what} ${name}`, exact: true }).click();
    },
    async upload(file: string) {
      await page.locator("#disk-upload").setInputFiles(file);
    },
  };
}

async function download(page: Page, name: string, to: string): Promise<Buffer> {
  const [file] = await Promise.all([page.waitForEvent("download"), disksOf(page).act("Download", name)]);
  expect(file.suggestedFilename()).toBe(`${name}.img.gz`);
  await file.saveAs(to);
  return gunzipSync(await readFile(to));
}

test("Disks are created, renamed, duplicated, downloaded, uploaded, reset and deleted", async ({
  page,
  menuOnly,
}, testInfo) => {
  await page.goto(menuOnly.url);
  const disks = disksOf(page);
  await disks.open();
  await expect(disks.storage).toContainText("This page uses");
  await disks.create("work");
  await expect(disks.disk("work")).toContainText(/of 268 MB, laid over no export yet\./);

  await test.step("a name that is taken, or is none", async () => {
    await disks.create("work");
    await expect(disks.said).toContainText("There is a disk work already.");
    await disks.create("../work");
    await expect(disks.said).toContainText('A disk cannot be called "../work".');
  });

  const packed = testInfo.outputPath("work.img.gz");
  const raw = testInfo.outputPath("work.img");
  await test.step("downloaded, it is a clean filesystem in few bytes", async () => {
    const image = await download(page, "work", packed);
    expect((await readFile(packed)).length).toBeLessThan(1_000_000);
    await writeFile(raw, image);
    await run("/sbin/e2fsck", ["-fn", raw]);
  });

  await test.step("what was written into an image is there when it was uploaded, duplicated and renamed", async () => {
    const note = testInfo.outputPath("note");
    await writeFile(note, "by way of an upload");
    await run("/sbin/debugfs", ["-w", "-R", `write ${note} note`, raw]);
    await page.getByLabel("Name of a new disk").fill("");
    await disks.upload(raw);
    await expect(disks.said).toContainText("There is a disk work already.");
    await page.getByLabel("Name of a new disk").fill("uploaded");
    await disks.upload(raw);
    await expect(disks.disk("uploaded")).toBeVisible();
    await disks.act("Duplicate", "uploaded", "copy");
    await expect(disks.disk("copy")).toBeVisible();
    await disks.act("Rename", "copy", "renamed copy");
    await expect(disks.disk("renamed copy")).toBeVisible();
    await expect(disks.disk("copy")).toHaveCount(0);
    await writeFile(raw, await download(page, "renamed copy", packed));
    const { stdout } = await run("/sbin/debugfs", ["-R", "cat note", raw]);
    expect(stdout).toBe("by way of an upload");
    await disks.act("Reset", "renamed copy");
    await writeFile(raw, await download(page, "renamed copy", packed));
    expect((await run("/sbin/debugfs", ["-R", "cat note", raw])).stderr).toContain("File not found");
  });

  await test.step("a truncated and a foreign image are refused, and nothing is left of them", async () => {
    const bad = testInfo.outputPath("bad.img");
    await writeFile(bad, (await readFile(raw)).subarray(0, 100 * 1024 * 1024));
    await disks.upload(bad);
    await expect(disks.said).toContainText("it breaks off after 104857600 of the 268435456 bytes");
    await writeFile(bad, (await readFile(packed)).subarray(0, -100));
    await disks.upload(bad);
    await expect(disks.said).toContainText("the packed file breaks off or is damaged");
    await writeFile(bad, "no image at all");
    await disks.upload(bad);
    await expect(disks.said).toContainText("it holds no ext4 filesystem");
    await expect(page.locator("[data-disk]")).toHaveCount(3);
  });

  await test.step("no room: a sentence, and no half of a disk", async () => {
    const browser = await page.context().newCDPSession(page);
    const { origin } = new URL(page.url());
    await browser.send("Storage.overrideQuotaForOrigin", { origin, quotaSize: 1_000_000 });
    await disks.create("too much");
    await expect(disks.said).toContainText("there is no room left where it is kept");
    await expect(disks.disk("too much")).toHaveCount(0);
    await browser.send("Storage.overrideQuotaForOrigin", { origin });
  });

  await disks.act("Delete", "renamed copy");
  await expect(page.locator("[data-disk]")).toHaveCount(2);
  await disks.close();
  await expect(disks.choice.getByRole("option")).toHaveText([
    "its memory: forgotten at power-off",
    "the disk uploaded",
    "the disk work",
    "a new disk disk in this browser",
  ]);
});

test("What the system writes goes where the page's address says, and its command line shows it", async ({
  page,
  menuOnly,
}) => {
  const { append, hint } = controls(page);
  const { choice } = disksOf(page);
  const layer = /rd\.root\.overlay\.write=\/dev\/sda$/;
  await page.goto(`${menuOnly.url}?write=disk:work`);
  await expect(choice).toHaveValue("disk:work");
  await expect(append).toHaveValue(layer);
  await choice.selectOption("ram");
  await expect(append).not.toHaveValue(layer);
  await choice.selectOption("disk:work");
  await expect(append).toHaveValue(layer);
  await page.goto(`${menuOnly.url}?write=disc&label=other`);
  await expect(choice).toHaveValue("ram");
  await expect(hint).toContainText("write=disc is not known here; write can be ram, disk or disk:NAME.");
});

test("A browser that keeps nothing says so", async ({ page, menuOnly }) => {
  // As a private window of some browsers answers.
  await page.addInitScript(() => {
    const refuse = () => Promise.reject(new DOMException("denied", "SecurityError"));
    const { Worker: RealWorker } = window;
    window.Worker = class extends RealWorker {
      constructor(url: string | URL, options?: WorkerOptions) {
        const code = `navigator.storage.getDirectory = ${refuse}; await import(${JSON.stringify(String(url))});`;
        super(URL.createObjectURL(new Blob([code], { type: "text/javascript" })), options);
      }
    };
  });
  await page.goto(menuOnly.url);
  const disks = disksOf(page);
  await disks.open();
  await expect(disks.said).toContainText(
    "This browser keeps nothing for this page, so there can be no disk in it.",
  );
});
