import { chromium } from "@playwright/test";
import type { Milestone, MilestoneName, MilestoneState } from "../worker/interface.ts";

export interface ChromiumBoot {
  readonly relay: string;
  readonly memoryMiB: number;
  readonly signal: AbortSignal;
}

/** A boot in the page, in headless Chromium with a fresh profile. */
export async function bootInChromium({
  relay,
  memoryMiB,
  signal,
}: ChromiumBoot): Promise<readonly Milestone[]> {
  const browser = await chromium.launch({
    executablePath: "/usr/bin/chromium",
    args: [
      "--no-sandbox",
      "--disable-gpu",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
    ],
  });
  const close = () => void browser.close();
  signal.addEventListener("abort", close, { once: true });
  try {
    const page = await browser.newPage();
    await page.goto(`${relay}?autostart=1&memory=${memoryMiB}`);
    await page.waitForSelector('[data-milestone="login"][data-state="done"]', {
      timeout: 0,
      state: "attached",
    });
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
  } finally {
    signal.removeEventListener("abort", close);
    await browser.close();
  }
}
