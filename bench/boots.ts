import type { Milestone, MilestoneName } from "../worker/interface.ts";
import { bootInChromium } from "./chromium.ts";
import { bootInNode } from "./node.ts";
import { bootInQemu } from "./qemu.ts";

export const ENGINES = ["qemu", "node", "chromium"] as const;
export type Engine = (typeof ENGINES)[number];

/** qemu with the same root and the stock kiwi initrd and kernel parameters: what a user has without this project. */
export const STOCK = "qemu stock";
/** The same, but with the kernel parameters of our own boot entry. */
export const STOCK_TUNED = "qemu stock, tuned";
/** Chromium with a profile that has booted the same before. */
export const CHECKPOINT = "chromium checkpoint";
export type BootKind = Engine | typeof STOCK | typeof STOCK_TUNED | typeof CHECKPOINT;

export interface Boot {
  /** The boot tree. */
  readonly tree: string;
  /** For qemu: an initrd (a file), and the kernel's command line. */
  readonly initrd: string;
  readonly append: string;
  /** Where a relay serves the tree: `http://127.0.0.1:PORT/`. */
  readonly relay: string;
  readonly memoryMiB: number;
  /** More parameters of the page's address. qemu has no page, and takes none. */
  readonly query: string;
  /** The milestone that ends it; the prompt unless said. Only v86's engines take it. */
  readonly until?: MilestoneName;
  readonly signal: AbortSignal;
}

/** Each boots to its last milestone and says when it reached which; rejects where it does not get there. */
export const BOOT: Record<Engine, (boot: Boot) => Promise<readonly Milestone[]>> = {
  qemu: bootInQemu,
  node: bootInNode,
  chromium: bootInChromium,
};
