import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { chromium, type Page } from "@playwright/test";
import { CHROMIUM } from "../e2e/chromium.ts";
import type { Milestone, MilestoneName, MilestoneState } from "../worker/interface.ts";
import type { Boot } from "./boots.ts";
import { bootParameters } from "./parameters.ts";

/** A cold boot in the page, in headless Chromium with a fresh profile. */
export async function bootInChromium(boot: Boot): Promise<readonly Milestone[]> {
  const profile = new ChromiumProfile();
  try {
    return await profile.boot(boot, "off");
  } finally {
    await profile.close();
  }
}

/** What a browser keeps from one boot to the next. */
export class ChromiumProfile {
  #folder: Promise<string> | undefined;
  #hasBooted: true | undefined;

  /** A boot from the checkpoint that an earlier boot left in this profile; the first time there are two boots. */
  async bootFromCheckpoint(boot: Boot): Promise<readonly Milestone[]> {
    this.#hasBooted ??= await this.boot(boot, "auto").then(() => true);
    const milestones = await this.boot(boot, "auto");
    if (milestones.find(({ name }) => name === "initrd")?.state !== "skipped")
      throw new Error("Chromium booted cold, although it had booted the same before with checkpoints on.");
    return milestones;
  }

  /** A boot in a browser of its own with this profile. */
  async boot(boot: Boot, checkpoint: "off" | "auto"): Promise<readonly Milestone[]> {
    this.#folder ??= mkdtemp(join(tmpdir(), "netroot-bench-profile-"));
    const browser = await chromium.launchPersistentContext(await this.#folder, CHROMIUM);
    const close = () => void browser.close();
    boot.signal.addEventListener("abort", close, { once: true });
    try {
      const page = await browser.newPage();
      const milestones = await bootInPage(page, boot, checkpoint);
      // A machine that is off has written down all that it keeps.
      await page.locator("#power-off").click();
      await page.locator("#power-off:disabled").waitFor({ timeout: 0 });
      return milestones;
    } finally {
      boot.signal.removeEventListener("abort", close);
      await browser.close();
    }
  }

  async close(): Promise<void> {
    // A browser that has closed may still be writing for a moment.
    if (this.#folder !== undefined)
      await rm(await this.#folder, { recursive: true, force: true, maxRetries: 10 });
  }
}

async function bootInPage(
  page: Page,
  { relay, memoryMiB, query, until = "login" }: Boot,
  checkpoint: "off" | "auto",
): Promise<readonly Milestone[]> {
  const url = new URL(relay);
  url.search = bootParameters({ memoryMiB, query }, checkpoint).toString();
  await page.goto(url.href);
  const failed = page.locator('.problem[data-severity="error"]');
  const reached = page.locator(`[data-milestone="${until}"][data-state="done"]`);
  await reached.or(failed).first().waitFor({ state: "attached", timeout: 0 });
  const problems = await failed.allTextContents();
  if (problems.length > 0) throw new Error(`The page says: ${problems.join(" ")}`);
  const items = await page.locator("[data-milestone]").evaluateAll((elements) =>
    elements.map((element) => ({
      name: element.getAttribute("data-milestone"),
      state: element.getAttribute("data-state"),
      atMs: element.getAttribute("data-at-ms"),
    })),
  );
  return items.map(({ name, state, atMs }) => ({
    name: name as MilestoneName,
    state: state as MilestoneState,
    ...(atMs === null ? {} : { atMs: Number(atMs) }),
  }));
}
