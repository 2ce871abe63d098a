import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { formatIpv4, netmask } from "../net/ipv4/address.ts";
import { IPXE_SCRIPT } from "../net/ipxe/script.ts";
import type { Notice, RelayStatus } from "../net/status/status.ts";
import { Access, type AccessCounters } from "./access/access.ts";
import { isLoopback } from "./access/hosts.ts";
import { BOOT_HTTP_PORT, BootHttp } from "./boot-http/boot-http.ts";
import { bootScripts } from "./boot-script/boot-script.ts";
import { LEASE_SECONDS } from "./client/boot-network.ts";
import { Clients, type SegmentMode } from "./client/clients.ts";
import { LEASE_FILE, LeaseFile } from "./client/lease-file.ts";
import { clientLimits } from "./client/limits.ts";
import { declareServices } from "./client/services.ts";
import { readConfiguration } from "./config/configuration.ts";
import { tftpbootOf } from "./config/folders.ts";
import type { Configuration } from "./config/schema.ts";
import { openExports } from "./exports/open-exports.ts";
import { inspectBootTree, requireBootTree } from "./http/boot-tree.ts";
import { findMenu } from "./http/find-menu.ts";
import { listen } from "./http/listen.ts";
import { planBoot } from "./http/plan-boot.ts";
import { reachableHost } from "./http/reachable.ts";
import { answer } from "./http/routes.ts";
import { createSiteServer } from "./http/site-server.ts";
import type { Logger } from "./log.ts";
import { limitLog } from "./log-limit.ts";
import { addCounts, asCounts } from "./metrics/count-tree.ts";
import { Metrics } from "./metrics/metrics.ts";
import { BootTraces } from "./near/boot-traces.ts";
import { EXPORTS_PATH, ExportsServer } from "./near/exports-server.ts";
import { nearOffer } from "./near/offer.ts";
import { startVblades } from "./servers/vblade.ts";
import { StreamPort } from "./stream-port/stream-port.ts";
import { openBootFiles } from "./tftp/boot-files.ts";
import { openUplink } from "./uplink/uplink.ts";
import { packageVersion } from "./version.ts";
import { WireServer } from "./wire/wire-server.ts";

export interface RelayOptions {
  /** The boot tree's folder. */
  readonly tree: string;
  /** Overrides `[listen]` of netroot.toml. Port 0 lets the system choose. */
  readonly listen?: { readonly host?: string; readonly port?: number; readonly socket?: string };
  /** Parts of the tree that lie elsewhere: override `[tree]` of netroot.toml. With a `tftpboot` the tree itself may be missing. */
  readonly parts?: TreeParts;
  /** The built page's folder; dist/page of this project unless given. */
  readonly page?: string;
  /** Whether nbd-server may be used; it is, where it is installed, unless told otherwise. */
  readonly useNbdServer?: boolean;
  /** Changes what netroot.toml says, before anything is opened. */
  readonly configure?: (configuration: Configuration) => Configuration;
  readonly logger: Logger;
}

/** Absolute paths. */
export interface TreeParts {
  readonly tftpboot?: string;
  readonly nbdConfig?: string;
}

export interface Relay {
  /** Where the page is: `http://127.0.0.1:8086/`. The wire is at `/wire` there. */
  readonly url: string;
  /** `url`, with the token in its fragment where one is demanded. For people: it goes into no log. */
  readonly link: string;
  readonly port: number;
  /** Who was refused, by the reason. */
  readonly access: Readonly<AccessCounters>;
  status(): RelayStatus;
  /** Says goodbye to every client, ends the servers that were started, closes every file and socket. */
  close(): Promise<void>;
}

const BUILT_PAGE = fileURLToPath(new URL("../dist/page", import.meta.url));

/**
 * Starts everything that `netroot serve` is. Rejects, with nothing left open, with a `BootTreeError` (no tree), a
 * `ConfigurationError` (netroot.toml), a `TapError` (no uplink) or a `ListenError` (no port); their messages are sentences for a person.
 */
export async function startRelay(options: RelayOptions): Promise<Relay> {
  /** What was opened, to be closed in the opposite order. */
  const opened: (() => Promise<void>)[] = [];
  let closing: Promise<void> | undefined;
  const closeAll = async () => {
    for (const close of opened.toReversed()) await close();
  };
  const close = () => {
    closing ??= closeAll();
    return closing;
  };
  try {
    return { ...(await open(options, (close) => opened.push(close))), close };
  } catch (error) {
    await close();
    throw error;
  }
}

async function open(
  options: RelayOptions,
  onClose: (close: () => Promise<void>) => void,
): Promise<Omit<Relay, "close">> {
  const { tree, logger, page = BUILT_PAGE, useNbdServer } = options;
  // Who names the tree's parts one by one needs none.
  if (options.parts?.tftpboot === undefined) await requireBootTree(tree);
  const read = withParts(await readConfiguration(tree), options.parts);
  const configuration = options.configure?.(read) ?? read;
  const { host, port: wantedPort, socket } = { ...configuration.listen, ...options.listen };
  const { network, mtu, mode } = configuration.segment;
  const address = network.serverAddress;

  const access = new Access({ listenHost: host, ...configuration.access, logger: logger.child("access") });

  const exports = await openExports({
    tree,
    configuration,
    logger,
    ...(useNbdServer !== undefined && { useNbdServer }),
  });
  onClose(() => exports.close());
  const bootFiles = tftpbootOf(tree, configuration);
  if (configuration.tree.tftpboot !== undefined) await requireBootTree(bootFiles);
  const byHttp = configuration.forward.every(({ port }) => port !== BOOT_HTTP_PORT);
  const script = byHttp ? `http://${formatIpv4(address)}/${IPXE_SCRIPT}` : IPXE_SCRIPT;
  const boot = await planBoot(bootFiles, configuration.boot, script);
  const scripts = bootScripts({ tftpboot: bootFiles, pxe: boot.pxe, sharedSegment: mode === "shared" });
  const bootHttp = new BootHttp(bootFiles, scripts);
  onClose(async () => bootHttp.close());
  const services = await declareServices(exports.hub, configuration.forward, bootHttp.service);
  const leaseFile = await openLeases(mode, tree, logger);
  onClose(async () => leaseFile?.close());
  const clients = new Clients(mode, {
    address,
    prefixLength: network.prefixLength,
    mtu,
    services: services.declared,
    pxe: boot.pxe,
    aoe: { hub: exports.hub, targets: exports.aoe.filter(({ vblade }) => vblade === undefined) },
    dhcpOnUplink: configuration.uplink.dhcp,
    ...(leaseFile !== undefined && { leaseStore: leaseFile }),
    limits: clientLimits(configuration.limits),
    tftp: {
      open: openBootFiles(bootFiles, scripts),
      transfersPerClient: configuration.limits.tftp_transfers,
    },
  });
  const { tap } = configuration.uplink;
  let bladeNotices: readonly Notice[] = [];
  if (tap !== undefined) {
    const uplink = await openUplink({
      name: tap,
      mtu,
      plugIn: (deliver) => clients.attachUplink(deliver),
      logger: logger.child("uplink"),
    });
    onClose(() => uplink.close());
    const vblades = await startVblades({
      device: tap,
      exports: exports.aoe.flatMap(({ name, address, vblade }) =>
        vblade ? [{ name, address, ...vblade }] : [],
      ),
      logger,
    });
    onClose(() => vblades.close());
    bladeNotices = vblades.notices;
  }
  const menu = await findMenu(bootFiles, boot.pxe, network.firstClientAddress);
  const notices: readonly Notice[] = [
    ...(await inspectBootTree(bootFiles, menu)),
    ...boot.notices,
    ...exports.notices,
    ...bladeNotices,
    ...services.notices,
    ...(isLoopback(host) ? [] : [openToAll(host)]),
    ...(mode === "shared" ? [SHARED_SEGMENT] : []),
  ];
  for (const { message } of notices) logger.warn(message);

  const status = (): RelayStatus => ({
    version: packageVersion(),
    tree,
    network: {
      server: formatIpv4(address),
      client: formatIpv4(network.firstClientAddress),
      ...(mode === "isolated" && { netmask: formatIpv4(netmask(network.prefixLength)) }),
      mode,
    },
    ...(menu !== undefined && { menu }),
    mtu,
    exports: exports.status(),
    clients: wire.clients + (streamPort?.clients ?? 0),
    clientsAway: wire.clientsAway,
    notices,
  });
  const traces = new BootTraces(exports.hub);
  const offer = () => nearOffer(address, exports, traces);
  const logCounters = { leftOut: 0 };
  /** Of what clients do: they do it as often as they like. */
  const clientLog = limitLog(logger, {
    linesPerSecond: configuration.limits.log_lines_per_second,
    linesOfAllPerSecond: configuration.limits.log_lines_of_all_per_second,
    counters: logCounters,
  });
  const metrics = new Metrics({
    hub: exports.hub,
    status,
    access: access.counters,
    site: () => http.counters,
    sessions: services.sessions,
    networks: () => addCounts(clients.counters(), { server: { http: asCounts(bootHttp.counters) } }),
    log: logCounters,
    resumes: () => wire.resumes,
    links: () => ({ wire, ...(streamPort !== undefined && { socket: streamPort }) }),
  });
  const { connections, request_seconds } = configuration.limits;
  const http = createSiteServer({ connections, requestMs: request_seconds * 1000 }, (request, response) => {
    answer({ tree, tftpboot: bootFiles, page, status, offer, access, metrics }, request, response).catch(
      (error: Error) => {
        // The client left in the middle, or the disk failed: either way it is no longer to be answered.
        logger.debug(`${request.method} ${request.url}: ${error.message}`);
        response.destroy();
      },
    );
  });
  onClose(
    () =>
      new Promise((resolve) => {
        http.close(() => resolve());
        http.closeAllConnections();
      }),
  );
  // Closed before the HTTP server, which waits for the sockets that became WebSockets.
  const wire = new WireServer(http, {
    mtu,
    logger: clientLog,
    attach: clients.attach,
    admit: access.admitUpgrade,
    maxClients: configuration.limits.clients,
    maxClientsPerAddress: configuration.limits.clients_per_address ?? configuration.limits.clients,
    highWaterBytes: configuration.limits.link_queue_bytes,
    resumeMs: configuration.limits.resume_seconds * 1000,
    otherPaths: [EXPORTS_PATH],
  });
  onClose(() => wire.close());
  const near = new ExportsServer(http, {
    hub: exports.hub,
    traces,
    sessions: services.sessions,
    admit: access.admitUpgrade,
    logger: clientLog.child("exports"),
  });
  onClose(() => near.close());
  const streamPort =
    socket === undefined
      ? undefined
      : await StreamPort.open({
          path: resolve(tree, socket),
          mtu,
          logger: clientLog,
          attach: clients.attach,
          maxClients: configuration.limits.clients,
          highWaterBytes: configuration.limits.link_queue_bytes,
        });
  if (streamPort !== undefined) onClose(() => streamPort.close());
  const port = await listen(http, host, wantedPort);
  const reachable = reachableHost(host);
  const url = `http://${reachable.includes(":") ? `[${reachable}]` : reachable}:${port}/`;
  logger.info(`serving ${tree} at ${url}`);
  if (access.tokenWasMade) {
    logger.info(
      "the link holds a token that was made for this run; [access] token in netroot.toml keeps one",
    );
  }
  return {
    url,
    link: access.token === undefined ? url : `${url}#token=${access.token}`,
    port,
    access: access.counters,
    status,
  };
}

function withParts(configuration: Configuration, { tftpboot, nbdConfig }: TreeParts = {}): Configuration {
  const tree = {
    ...configuration.tree,
    ...(tftpboot !== undefined && { tftpboot }),
    ...(nbdConfig !== undefined && { nbd_config: nbdConfig }),
  };
  return { ...configuration, tree };
}

/** Where every client has a segment of its own, each gets the same address anyway: there is nothing to keep. */
async function openLeases(mode: SegmentMode, tree: string, logger: Logger): Promise<LeaseFile | undefined> {
  if (mode === "isolated") return undefined;
  const path = join(tree, LEASE_FILE);
  return LeaseFile.open({ path, logger: logger.child("leases"), longestMs: LEASE_SECONDS * 1000 });
}

const SHARED_SEGMENT: Notice = {
  code: "segment-shared",
  message:
    "All machines share one segment: each asks for an address (a static ip= of a boot entry becomes ip=dhcp), and none goes on from a checkpoint.",
};

function openToAll(host: string): Notice {
  return {
    code: "open-to-all",
    message: `The relay listens on ${host}: whoever has its link may read the boot tree and its exports, and what passes is not encrypted.`,
  };
}
