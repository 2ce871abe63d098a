import type { RelayStatus } from "../../../net/status/status.ts";
import { ConfigurationError } from "../../../relay/config/configuration.ts";
import { BootTreeError } from "../../../relay/http/boot-tree.ts";
import { ListenError } from "../../../relay/http/listen.ts";
import { TapError } from "../../../relay/uplink/tap.ts";
import { ImageError } from "../../image/errors.ts";
import { SmokeError } from "../errors.ts";
import type { MenuEntry } from "../image/menu-entry.ts";
import type { CasePlan } from "../plan.ts";
import { filesNetwork } from "./files-network.ts";
import { relayNetwork } from "./relay-network.ts";
import { treeNetwork } from "./tree-network.ts";

/** The boot network of one case: a relay, and the entry of its menu that the machine boots. */
export interface BootNetwork {
  /** The relay's page, with its token in the fragment where it demands one. */
  readonly link: string;
  /** Its append line is the one that is booted. */
  readonly entry: MenuEntry;
  /** Where the boot files are on this machine, if they are. */
  readonly files?: { readonly kernel: string; readonly initrds: readonly string[] };
  status(): Promise<RelayStatus>;
  close(): Promise<void>;
}

/**
 * Starts what the case boots from, or finds it at a relay that runs. Rejects with a `SmokeError`.
 * @param socket a path at which machines that are no browsers may plug in
 */
export async function openNetwork(plan: CasePlan, socket?: string): Promise<BootNetwork> {
  try {
    const { relay, source } = plan;
    if (relay !== undefined) return await relayNetwork(plan, relay);
    return source.kind === "tree"
      ? await treeNetwork(plan, source.tree, socket)
      : await filesNetwork(plan, source, socket);
  } catch (error) {
    throw asSmokeError(error);
  }
}

/** A tree or a configuration that cannot be served is the caller's mistake; a port or an interface that cannot be had is the machine's. */
function asSmokeError(error: unknown): unknown {
  if (error instanceof BootTreeError || error instanceof ConfigurationError || error instanceof ImageError)
    return new SmokeError("usage", error.message, { cause: error });
  if (error instanceof ListenError || error instanceof TapError)
    return new SmokeError("infrastructure", error.message, { cause: error });
  return error;
}
