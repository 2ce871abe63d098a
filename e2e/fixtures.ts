import { test as base, type Page } from "@playwright/test";
import { type RunningRelay, startRelay } from "./relay.ts";
import { makeTree, type ScratchTree } from "./tree.ts";

export interface Fixtures {
  /** An empty boot tree. */
  readonly tree: ScratchTree;
  /** Starts relays; all of them end with the test. */
  readonly serve: typeof startRelay;
  /** A tree with a menu but nothing to boot, served, and the page opened on it. */
  readonly menuOnly: RunningRelay;
}

export const MENU = `DEFAULT Overlay-Boot
LABEL Overlay-Boot
  KERNEL boot/linux
  APPEND initrd=boot/initrd root=overlay:nbd=10.86.0.1:kisroot console=ttyS0
LABEL other
  MENU LABEL Another system
  KERNEL boot/other
  APPEND root=/dev/ram0
`;

export const test = base.extend<Fixtures>({
  // biome-ignore lint/correctness/noEmptyPattern: Playwright reads a fixture's dependencies from this pattern
  tree: async ({}, use) => {
    const tree = await makeTree();
    await use(tree);
    await tree.remove();
  },
  // biome-ignore lint/correctness/noEmptyPattern: as above
  serve: async ({}, use) => {
    const relays: RunningRelay[] = [];
    await use(async (...how) => {
      const relay = await startRelay(...how);
      relays.push(relay);
      return relay;
    });
    for (const relay of relays) await relay.stop();
  },
  menuOnly: async ({ tree, serve }, use) => {
    await tree.write("tftpboot/pxelinux.cfg/default", MENU);
    await use(await serve(tree.path));
  },
});

export { expect } from "@playwright/test";

/** The page's controls, by the names that a reader sees. */
export function controls(page: Page) {
  return {
    entry: page.getByLabel("Boot entry"),
    memory: page.getByLabel("Memory, MiB"),
    nic: page.getByLabel("Network card"),
    append: page.getByLabel("Kernel command line"),
    hint: page.locator("#append-hint"),
    copyLink: page.getByRole("button", { name: "Copy link" }),
    write: page.getByLabel("What is written goes to"),
    undo: page.getByRole("button", { name: "Undo edits" }),
    powerOn: page.getByRole("button", { name: "Power on" }),
    coldBoot: page.getByRole("button", { name: "Cold boot" }),
    origin: page.locator("#origin"),
    powerOff: page.getByRole("button", { name: "Power off" }),
    pause: page.getByRole("button", { name: "Pause" }),
    resume: page.getByRole("button", { name: "Resume" }),
    reset: page.getByRole("button", { name: "Reset" }),
    relay: page.locator("#node-relay"),
    export: page.locator("#node-export"),
    now: page.locator("#now"),
    problem: (code: string) => page.locator(`.problem[data-code="${code}"]`),
    milestone: (name: string) => page.locator(`[data-milestone="${name}"]`),
  };
}
