import type { Milestone } from "../worker/interface.ts";
import { bootInChromium } from "./chromium.ts";
import { bootInNode } from "./node.ts";
import { bootInQemu } from "./qemu.ts";

export const ENGINES = ["qemu", "node", "chromium"] as const;
export type Engine = (typeof ENGINES)[number];

export interface Boot {
  /** The boot tree, and its default entry's append line without `initrd=`. */
  readonly tree: string;
  readonly append: string;
  /** Where a relay serves that tree: `http://127.0.0.1:PORT/`. */
  readonly relay: string;
  readonly memoryMiB: number;
  /** More parameters of the page's address. qemu has no page, and takes none. */
  readonly query: string;
  readonly signal: AbortSignal;
}

/** Each boots to the prompt and says when its milestones were reached; rejects where there is no prompt. */
export const BOOT: Record<Engine, (boot: Boot) => Promise<readonly Milestone[]>> = {
  qemu: bootInQemu,
  node: bootInNode,
  chromium: bootInChromium,
};
