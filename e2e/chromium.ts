import type { LaunchOptions } from "@playwright/test";

/** How the tests and the benchmark start Chromium: Debian's, or what NETROOT_CHROMIUM names. */
export const CHROMIUM = {
  executablePath: process.env.NETROOT_CHROMIUM ?? "/usr/bin/chromium",
  args: [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
  ],
} satisfies LaunchOptions;
