import type { Configuration } from "../../../relay/config/schema.ts";
import { silentLogger } from "../../../relay/log.ts";
import { type Relay, startRelay } from "../../../relay/serve.ts";
import type { BootNetwork } from "./network.ts";

export interface OwnRelayOptions extends Pick<BootNetwork, "entry" | "files"> {
  readonly tree: string;
  readonly configure: (configuration: Configuration) => Configuration;
  readonly socket?: string | undefined;
  /** What the relay's end leaves behind. */
  readonly onClose?: () => Promise<void>;
}

/**
 * A relay in this process, for one case: on a port of its own, and with the exports read straight from their files, so that cases
 * side by side have nothing in common and an ordinary user can run them.
 */
export async function startOwnRelay(options: OwnRelayOptions): Promise<BootNetwork> {
  const { tree, configure, socket, entry, files, onClose } = options;
  let relay: Relay;
  try {
    relay = await startRelay({
      tree,
      configure,
      listen: { host: "127.0.0.1", port: 0, ...(socket !== undefined && { socket }) },
      useNbdServer: false,
      logger: silentLogger,
    });
  } catch (error) {
    await onClose?.();
    throw error;
  }
  return {
    link: relay.link,
    entry,
    ...(files !== undefined && { files }),
    status: async () => relay.status(),
    async close() {
      await relay.close();
      await onClose?.();
    },
  };
}
