import { execFile } from "node:child_process";
import { promisify } from "node:util";
import type { Page, TestInfo } from "@playwright/test";
import { expect } from "./fixtures.ts";

const run = promisify(execFile);

/** The panel of the packets, by the names that a reader sees. */
export function packetsPanel(page: Page) {
  return {
    tab: page.getByRole("tab", { name: "Packets" }),
    filter: page.getByRole("combobox", { name: "Filter" }),
    wrong: page.locator("#packet-filter-error"),
    status: page.locator(".packet-status"),
    list: page.getByRole("listbox", { name: "Frames" }),
    rows: page.getByRole("listbox", { name: "Frames" }).getByRole("option"),
    tree: page.getByRole("tree", { name: "Fields of the frame" }),
    bytes: page.getByRole("region", { name: "Bytes of the frame" }),
    hold: page.getByRole("button", { name: "Hold" }),
    follow: page.getByRole("button", { name: "Follow stream" }),
    download: page.getByRole("button", { name: "Download pcapng" }),
    sequence: page.getByRole("button", { name: "Sequence" }),
    back: page.getByRole("button", { name: "Back to the frames" }),
  };
}

/** How many frames a display filter of Wireshark's lets pass. */
export async function countByTshark(file: string, filter: string): Promise<number> {
  const args = ["-r", file, "-Y", filter, "-T", "fields", "-e", "frame.number"];
  const { stdout } = await run("tshark", args, { maxBuffer: 64 * 1024 * 1024 });
  return stdout.split("\n").filter((line) => line !== "").length;
}

/** How many frames the panel says that its filter lets pass. */
export async function countShown(page: Page, text: string): Promise<number> {
  const { filter } = packetsPanel(page);
  await filter.fill(text);
  await filter.press("Enter");
  await expect(filter).toHaveAttribute("aria-invalid", "false");
  const said = await settles(page);
  return Number(/^(?:No|[\d,]+)/.exec(said)![0].replaceAll(",", "").replace("No", "0"));
}

/** What the panel says of its frames, once it has stopped changing that. */
async function settles(page: Page): Promise<string> {
  const { status } = packetsPanel(page);
  let last = "";
  await expect
    .poll(async () => {
      const before = last;
      last = (await status.textContent()) ?? "";
      return last === before;
    })
    .toBe(true);
  return last;
}

/** Goes through the panel with a machine that has booted over NBD, and compares what it says with tshark. */
export async function readsPackets(page: Page, testInfo: TestInfo): Promise<void> {
  const { tab, filter, wrong, rows, list, tree, bytes, hold, follow, sequence, back, download } =
    packetsPanel(page);
  await tab.click();
  // The guest may go on talking: what is compared is what is here now.
  await expect(rows.first()).toBeVisible();
  await settles(page);
  await hold.click();

  const [saved] = await Promise.all([page.waitForEvent("download"), download.click()]);
  const file = testInfo.outputPath("boot.pcapng");
  await saved.saveAs(file);
  expect(await countByTshark(file, "_ws.malformed"), "no malformed frame").toBe(0);
  const requests = "nbd.type == 0 and not nbd.response_to";
  for (const each of ["frame", "arp", "tcp.port == 10809", requests, "nbd.response_to", "tcp.flags.syn == 1"])
    expect(await countShown(page, each), each).toBe(await countByTshark(file, each));
  // Debian 12's tshark does not read the handshake.
  expect(await countShown(page, "nbd and not nbd.hnd.magic and not nbd.cli.flags")).toBe(
    await countByTshark(file, "nbd"),
  );

  await filter.fill("tcp.port == foo");
  await expect(wrong).toContainText("It takes a number");
  await expect(filter).toHaveAttribute("aria-invalid", "true");

  await countShown(page, requests);
  const before = await rows.first().textContent();
  await rows.first().click();
  await expect(list).toBeFocused();
  await page.keyboard.press("ArrowDown");
  const selected = list.locator('[aria-selected="true"]');
  await expect(selected).not.toHaveText(before!);
  await expect(selected).toContainText(/READ \d+ bytes at \d+/);
  await page.keyboard.press("Enter");
  await page.keyboard.press("End");
  const nbd = tree.getByRole("treeitem", { name: /^Network Block Device/ });
  await expect(nbd).toBeFocused();
  for (const key of ["ArrowRight", "ArrowRight"]) await page.keyboard.press(key);
  await expect(tree.getByRole("treeitem", { name: "Magic: 0x25609513" })).toBeFocused();
  await expect(bytes.locator(".hex-bytes mark").first()).toHaveText(/^(25)?( ?60)?( ?95)?( ?13)?$/);
  await page.screenshot({ path: testInfo.outputPath("packets.png") });

  await follow.click();
  await expect(page.getByRole("region", { name: "What was said" })).toContainText("NBDMAGIC");
  await back.click();
  await expect(filter).toHaveValue(/^tcp\.stream == \d+$/);

  await countShown(page, "nbd");
  await sequence.click();
  await page.screenshot({ path: testInfo.outputPath("sequence.png") });
  await page
    .getByRole("button", { name: /^NBD answer to READ/ })
    .first()
    .click();
  await expect(selected).toContainText("answer to READ");
  await filter.fill("");
  await hold.click();
}

/** Looks at the map of what the machine has read of its root. */
export async function readsBlocks(page: Page, testInfo: TestInfo): Promise<void> {
  await page.getByRole("tab", { name: "Blocks" }).click();
  const total = page.locator(".block-total");
  await expect(total).toHaveText(/^[\d.]+ MB of [\d.]+ MB read, in [\d,]+ requests$/);
  const [read, size] = (await total.textContent())!.match(/[\d.]+(?= MB)/g)!.map(Number);
  expect(read).toBeGreaterThan(1);
  expect(read).toBeLessThan(size! / 2);
  const cell = page.locator("#block-cell");
  await expect(cell).toHaveText(/\(superblock, files' contents\): read/);
  await page.getByRole("application", { name: "Map of the root image" }).focus();
  await page.keyboard.press("ArrowRight");
  await expect(cell).toHaveText(/\(files' contents\)/);
  await page.keyboard.press("End");
  await expect(cell).toHaveText(/lookup tables/);
  // The guest may go on reading: both are taken from one drawing.
  const { counted, told } = await page.evaluate(() => {
    const numbers = [...document.querySelectorAll(".block-table:first-of-type td.numbers")];
    return {
      counted: numbers.reduce((sum, cell) => sum + Number(cell.textContent!.replaceAll(",", "")), 0),
      told: document.querySelector(".block-total")!.textContent!,
    };
  });
  expect(told).toContain(`in ${counted.toLocaleString("en")} requests`);
  await page.screenshot({ path: testInfo.outputPath("blocks.png") });
}
