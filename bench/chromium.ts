import { chromium, type Page } from "@playwright/test";
import { CHROMIUM } from "../e2e/chromium.ts";
import type { Milestone, MilestoneName, MilestoneState } from "../worker/interface.ts";
import type { Boot } from "./engines.ts";

/** A cold boot in the page, in headless Chromium with a fresh profile. */
export async function bootInChromium(boot: Boot): Promise<readonly Milestone[]> {
  const browser = await chromium.launch(CHROMIUM);
  const close = () => void browser.close();
  boot.signal.addEventListener("abort", close, { once: true });
  try {
    return await bootInPage(await browser.newPage(), boot);
  } finally {
    boot.signal.removeEventListener("abort", close);
    await browser.close();
  }
}

async function bootInPage(page: Page, { relay, memoryMiB, query }: Boot): Promise<readonly Milestone[]> {
  const url = new URL(relay);
  const usual = { autostart: "1", memory: String(memoryMiB), checkpoint: "off" };
  for (const [name, value] of [...Object.entries(usual), ...new URLSearchParams(query)])
    url.searchParams.set(name, value);
  await page.goto(url.href);
  const failed = page.locator('.problem[data-severity="error"]');
  const login = page.locator('[data-milestone="login"][data-state="done"]');
  await login.or(failed).first().waitFor({ state: "attached", timeout: 0 });
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
