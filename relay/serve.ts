import { createServer } from "node:http";
import { fileURLToPath } from "node:url";
import { ExportHub } from "../net/export/hub.ts";
import { parseIpv4 } from "../net/ipv4/address.ts";
import { NBD_PORT } from "../net/nbd/constants.ts";
import { NbdSession, newSessionCounters } from "../net/nbd/session.ts";
import type { Notice, RelayStatus } from "../net/status/status.ts";
import type { ByteStream } from "../net/stream/stream.ts";
import { Clients } from "./client/clients.ts";
import { openTreeImages } from "./client/tree-images.ts";
import { inspectBootTree, requireBootTree } from "./http/boot-tree.ts";
import { listen } from "./http/listen.ts";
import { answer } from "./http/routes.ts";
import type { Logger } from "./log.ts";
import { packageVersion } from "./version.ts";
import { WireServer } from "./wire/wire-server.ts";

export interface RelayOptions {
  /** The boot tree's folder. */
  readonly tree: string;
  /** Overrides `[listen]` of netroot.toml. Port 0 lets the system choose. */
  readonly listen?: { readonly host?: string; readonly port?: number };
  /** The built page's folder; dist/page of this project unless given. */
  readonly page?: string;
  readonly logger: Logger;
}

export interface Relay {
  /** Where the page is: `http://127.0.0.1:8086/`. The wire is at `/wire` there. */
  readonly url: string;
  readonly port: number;
  status(): RelayStatus;
  /** Says goodbye to every client, ends the servers that were started, closes every file and socket. */
  close(): Promise<void>;
}

const BUILT_PAGE = fileURLToPath(new URL("../dist/page", import.meta.url));

/**
 * Starts everything that `netroot serve` is. Rejects, with nothing left open, with a `BootTreeError` (no tree) or a
 * `ListenError` (no port); their messages are sentences for a person.
 */
export async function startRelay(options: RelayOptions): Promise<Relay> {
  const { tree, logger, page = BUILT_PAGE } = options;
  await requireBootTree(tree);
  const host = options.listen?.host ?? "127.0.0.1";
  const mtu = 1500;
  const notices: readonly Notice[] = await inspectBootTree(tree);
  for (const { message } of notices) logger.warn(message);

  const images = await openTreeImages(tree);
  const hub = new ExportHub();
  for (const image of images.exports) hub.add(image);
  const sessions = newSessionCounters();

  const status = (): RelayStatus => ({
    version: packageVersion(),
    tree,
    network: { server: "10.86.0.1", client: "10.86.0.100" },
    mtu,
    exports: hub.names().map((name) => {
      const { sizeBytes, readOnly, description } = hub.get(name)!;
      const { reads, readBytes } = hub.counters(name)!;
      return { name, sizeBytes, readOnly, description, state: "ready", detail: "ready", reads, readBytes };
    }),
    clients: wire.clients,
    notices,
  });
  const http = createServer((request, response) => {
    answer({ tree, page, status }, request, response).catch((error: Error) => {
      // The client left in the middle, or the disk failed: either way it is no longer to be answered.
      logger.debug(`${request.method} ${request.url}: ${error.message}`);
      response.destroy();
    });
  });
  const services = [
    { port: NBD_PORT, service: (stream: ByteStream) => new NbdSession(stream, hub, sessions) },
  ];
  const clients = new Clients("isolated", {
    address: parseIpv4("10.86.0.1")!,
    prefixLength: 24,
    mtu,
    services,
  });
  const wire = new WireServer(http, {
    mtu,
    logger,
    attach: clients.attach,
  });
  const port = await listen(http, host, options.listen?.port ?? 8086).catch(async (error: unknown) => {
    await wire.close();
    await images.close();
    throw error;
  });
  const url = `http://${host.includes(":") ? `[${host}]` : host}:${port}/`;
  logger.info(`serving ${tree} at ${url}`);
  return {
    url,
    port,
    status,
    close: async () => {
      await wire.close();
      await new Promise<void>((resolve) => {
        http.close(() => resolve());
        http.closeAllConnections();
      });
      await images.close();
    },
  };
}
