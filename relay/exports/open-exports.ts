import { resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { formatAoeAddress } from "../../net/aoe/address.ts";
import { ExportHub } from "../../net/export/hub.ts";
import type { ExportStatus, Notice } from "../../net/status/status.ts";
import type { Configuration } from "../config/schema.ts";
import { monotonicClock } from "../drive.ts";
import type { Logger } from "../log.ts";
import { findNbdServer, type NbdServer, NbdServerError, startNbdServer } from "../servers/nbd-server.ts";
import {
  imageSection,
  privateConfig,
  type ServerSection,
  serializeServerConfig,
} from "../servers/nbd-server-config.ts";
import { type AoePlace, aoePlaces } from "./aoe-places.ts";
import { openFileExport } from "./file-export.ts";
import { formatTarget, parseNbdUrl } from "./nbd-url.ts";
import { type PlannedExport, planExports } from "./plan-exports.ts";
import { ServedExport } from "./served-export.ts";

export interface OpenExportsOptions {
  /** The boot tree's folder. */
  readonly tree: string;
  readonly configuration: Configuration;
  readonly logger: Logger;
  /** Whether nbd-server may be used; it is, where it is installed, unless told otherwise. */
  readonly useNbdServer?: boolean;
}

/** All exports of a boot tree, and the server behind them. */
export interface Exports {
  readonly hub: ExportHub;
  readonly aoe: readonly AoePlace[];
  /** For `/status`: each export, the failed ones too, in words and numbers. */
  status(): ExportStatus[];
  readonly notices: readonly Notice[];
  /** The nbd-server that was started, for its state and its own log. */
  readonly server: NbdServer | undefined;
  /** Closes every file and connection, and ends the server. */
  close(): Promise<void>;
}

/** A server elsewhere may be slow, or away: the page shall not wait for it. Our own server and our files are waited for. */
const PATIENCE_MS = 2_000;
/** Our own nbd-server does answer, but where the machine is busy it takes its time until it first does. */
const OWN_PATIENCE_MS = 60_000;

export const NOT_INSTALLED =
  "nbd-server is not installed: the image file is served by netroot itself. Install it with: apt install nbd-server";

/**
 * Opens the exports of a tree: on the real nbd-server where it is installed, straight from the files where it is not, and
 * on the servers that netroot.toml names. An export that cannot be served is a status and a notice, and the others are
 * served all the same. Rejects with a `ConfigurationError` only.
 */
export async function openExports(options: OpenExportsOptions): Promise<Exports> {
  const { tree, configuration, logger, useNbdServer = findNbdServer() !== undefined } = options;
  const plan = await planExports(tree, configuration);
  const notices: Notice[] = [...plan.notices];
  const hub = new ExportHub(monotonicClock);
  const served = new Map<string, ServedExport>();
  const serve = (planned: PlannedExport, description: string, notice?: string): ServedExport => {
    const { name, readOnly } = planned;
    const log = logger.child(`export ${name}`);
    const common = { name, readOnly, hub, logger: log, description };
    const one = new ServedExport(notice === undefined ? common : { ...common, notice });
    served.set(name, one);
    return one;
  };
  for (const { name, readOnly } of plan.exports) if (!readOnly) notices.push(writable(name));

  const ours: Promise<void>[] = [];
  const elsewhere: Promise<void>[] = [];
  const sections = new Map<PlannedExport, ServerSection>();
  for (const planned of plan.exports) {
    const { source } = planned;
    if (source.kind === "server") {
      const description = `NBD server at ${formatTarget(parseNbdUrl(source.url).target)}`;
      elsewhere.push(serve(planned, description).openNbd(source.url));
      continue;
    }
    const path = source.kind === "image" ? source.path : source.section.path;
    const description = path === undefined ? "nbd-server" : `image file ${path}`;
    if (!useNbdServer && path !== undefined) {
      ours.push(serve(planned, description, NOT_INSTALLED).openFile(path));
      continue;
    }
    const section = await sectionOf(planned);
    if (typeof section === "string") serve(planned, description).fail(section);
    else sections.set(planned, section);
  }

  let server: NbdServer | undefined;
  if (sections.size > 0) {
    const config = { generic: plan.generic, sections: [...sections.values()] };
    const isRoot = process.getuid?.() === 0;
    try {
      server = await startNbdServer({
        config: (port) => serializeServerConfig(privateConfig(config, port, isRoot)),
        logger,
      });
    } catch (error) {
      if (!(error instanceof NbdServerError)) throw error;
      const { message } = error;
      notices.push({ code: "nbd-server-refuses", message });
      for (const planned of sections.keys()) serve(planned, "nbd-server").fail(message);
    }
  }
  if (server !== undefined) {
    for (const planned of sections.keys()) {
      const address = `127.0.0.1:${server.port}`;
      const url = `nbd://${address}/${encodeURIComponent(planned.name)}`;
      ours.push(serve(planned, `nbd-server on ${address}`).openNbd(url, OWN_PATIENCE_MS));
    }
  }
  if (!useNbdServer && plan.exports.some(({ source }) => source.kind !== "server")) {
    notices.push({ code: "nbd-server-missing", message: NOT_INSTALLED });
  }
  if (plan.exports.length === 0) notices.push(noExports(tree));
  await Promise.all(ours);
  await Promise.race([Promise.all(elsewhere), sleep(PATIENCE_MS, undefined, { ref: false })]);

  const places = aoePlaces(tree, [...served.keys()].sort(), configuration);
  const targets = new Map(places.map(({ name, address }) => [name, address]));
  const statuses = () =>
    plan.exports.map(({ name }): ExportStatus => {
      const target = targets.get(name);
      const status = served.get(name)!.status();
      return target === undefined ? status : { ...status, aoe: formatAoeAddress(target) };
    });
  return {
    hub,
    aoe: places,
    status: statuses,
    notices,
    server,
    async close() {
      await Promise.all([...served.values()].map((one) => one.close()));
      await server?.close();
    },
  };
}

/** The section for nbd-server, or a sentence that says why there can be none. */
async function sectionOf({ name, readOnly, source }: PlannedExport): Promise<ServerSection | string> {
  if (source.kind === "server") return `The export "${name}" has a server of its own.`;
  const section =
    source.kind === "section" ? source.section : imageSection(name, resolve(source.path), readOnly);
  if (typeof section === "string") {
    return `The export "${name}" cannot be served: ${section}. Rename the file.`;
  }
  // nbd-server looks at the file when a client comes, and then only hangs up. With these settings it need not be there.
  const isPlain = !section.lines.some((line) => /^(filesize|multifile|temporary|waitfile)\b/.test(line));
  if (isPlain && section.path !== undefined) {
    try {
      await (await openFileExport({ name, path: section.path })).close();
    } catch (error) {
      return (error as Error).message;
    }
  }
  return section;
}

function writable(name: string): Notice {
  return {
    code: "export-writable",
    message: `The export "${name}" is not read-only: all clients write to one and the same image.`,
  };
}

function noExports(tree: string): Notice {
  const message = `There is no image in ${resolve(tree, "exports")}, and no [[export]] in its netroot.toml: no machine finds a root file system.`;
  return { code: "no-exports", message };
}
