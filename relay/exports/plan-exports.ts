import { readdir, readFile, realpath } from "node:fs/promises";
import { basename, extname, join, resolve } from "node:path";
import type { Notice } from "../../net/status/status.ts";
import { CONFIGURATION_FILE, ConfigurationError } from "../config/configuration.ts";
import { nbdConfigOf } from "../config/folders.ts";
import type { Configuration } from "../config/schema.ts";
import {
  includedFolders,
  movedSection,
  parseServerConfig,
  type ServerConfig,
  type ServerSection,
  withoutIncludes,
} from "../servers/nbd-server-config.ts";

/** An export that is to be, and where its bytes come from. */
export interface PlannedExport {
  readonly name: string;
  readonly readOnly: boolean;
  readonly source:
    | { readonly kind: "image"; readonly path: string }
    /** A section of the tree's own nbd-server/config. */
    | { readonly kind: "section"; readonly section: ServerSection }
    | { readonly kind: "server"; readonly url: string };
}

export interface ExportPlan {
  readonly exports: readonly PlannedExport[];
  /** The lines of `[generic]` in the tree's nbd-server/config. */
  readonly generic: readonly string[];
  readonly notices: readonly Notice[];
}

const SERVER_CONFIG = "nbd-server/config";
/** What lies beside images and is none. */
const COMPANIONS = [".md5", ".sha256", ".sha512", ".asc", ".sig", ".txt", ".json", ".part", ".tmp"];

/**
 * Which exports a tree and its configuration make. A name is given by netroot.toml, else by nbd-server/config, else by
 * a file in exports/. Rejects with a `ConfigurationError` when two of one kind claim the same name.
 */
export async function planExports(tree: string, configuration: Configuration): Promise<ExportPlan> {
  const notices: Notice[] = [];
  const planned = new Map<string, PlannedExport>();
  const images = await findImages(join(tree, "exports"));
  const serverConfig = nbdConfigOf(tree, configuration);
  const config = await readServerConfig(serverConfig, configuration.tree.nbd_config !== undefined);

  requireOnce(
    config.sections.map(({ name }) => ({ name, where: `[${name}]` })),
    serverConfig,
  );
  for (const written of config.sections) {
    const section = await found(written, images);
    planned.set(section.name, { name: section.name, readOnly: true, source: { kind: "section", section } });
  }

  requireOnce(
    configuration.export.map(({ name }, index) => ({ name, where: `[[export]] number ${index + 1}` })),
    join(tree, CONFIGURATION_FILE),
  );
  const declared = new Set(configuration.export.map(({ name }) => name));
  requireOnce(
    images
      .filter(({ name }) => !planned.has(name) && !declared.has(name))
      .map(({ name, path }) => ({ name, where: basename(path) })),
    join(tree, "exports"),
  );
  for (const { name, path } of images) {
    if (!planned.has(name)) planned.set(name, { name, readOnly: true, source: { kind: "image", path } });
  }

  for (const { name, image, server, readonly: readOnly } of configuration.export) {
    const other = planned.get(name);
    const path = image === undefined ? undefined : resolve(tree, image);
    if (server !== undefined) planned.set(name, { name, readOnly, source: { kind: "server", url: server } });
    else if (path === undefined) continue;
    else if (other !== undefined && (await isFile(other, path))) planned.set(name, { ...other, readOnly });
    else planned.set(name, { name, readOnly, source: { kind: "image", path } });
  }

  // What is there, and is not what its name stands for.
  const winner = (name: string) => (declared.has(name) ? CONFIGURATION_FILE : SERVER_CONFIG);
  for (const { name, path } of images) {
    if (!(await isFile(planned.get(name)!, path))) notices.push(unused(basename(path), name, winner(name)));
  }
  for (const { name, path } of config.sections) {
    const { source } = planned.get(name)!;
    if (source.kind === "section") continue;
    notices.push(unused(`${path ?? `[${name}]`} of ${SERVER_CONFIG}`, name, CONFIGURATION_FILE));
  }
  return { exports: [...planned.values()], generic: config.generic, notices };
}

interface Image {
  readonly name: string;
  readonly path: string;
}

/** The files of a folder, each under the name that it has without its extension. */
async function findImages(folder: string): Promise<Image[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return [];
    throw new ConfigurationError(`${folder} cannot be read: ${error.message}.`, { cause: error });
  });
  return entries
    .filter((entry) => !entry.isDirectory() && !/^\.|~$/.test(entry.name))
    .filter(({ name }) => !COMPANIONS.includes(extname(name).toLowerCase()))
    .map(({ name }) => ({ name: basename(name, extname(name)), path: join(folder, name) }))
    .sort((a, b) => (a.path < b.path ? -1 : 1));
}

/** A tree that was moved keeps its nbd-server/config, whose paths are those of old. */
async function found(section: ServerSection, images: readonly Image[]): Promise<ServerSection> {
  if (section.path === undefined || (await exists(section.path))) return section;
  const file = basename(section.path);
  const here = images.find(({ path }) => basename(path) === file);
  return here === undefined ? section : movedSection(section, resolve(here.path));
}

async function isFile({ source }: PlannedExport, path: string): Promise<boolean> {
  const other =
    source.kind === "image" ? source.path : source.kind === "section" ? source.section.path : undefined;
  if (other === undefined) return false;
  return (await real(other)) === (await real(path));
}

function real(path: string): Promise<string> {
  return realpath(path).catch(() => resolve(path));
}

function exists(path: string): Promise<boolean> {
  return realpath(path).then(
    () => true,
    () => false,
  );
}

function requireOnce(claims: readonly { name: string; where: string }[], path: string): void {
  for (const { name } of claims) {
    const rivals = claims.filter((claim) => claim.name === name);
    if (rivals.length < 2) continue;
    const names = [...new Set(claims.map((claim) => claim.name))].join(", ");
    throw new ConfigurationError(
      `${path}: ${rivals.map(({ where }) => where).join(" and ")} would both be the export "${name}": rename or remove one of them. The names there are: ${names}.`,
    );
  }
}

function unused(loser: string, name: string, winner: string): Notice {
  return {
    code: "export-shadowed",
    message: `${loser} is not served: ${winner} says what the export "${name}" is.`,
  };
}

/** With the files of its `includedir`, in the place of which their sections stand: Debian's own configuration has one. */
async function readServerConfig(path: string, isNamed: boolean): Promise<ServerConfig> {
  const main = parseServerConfig(await readOptional(path, isNamed));
  const included: ServerConfig[] = [];
  for (const folder of includedFolders(main)) {
    const names = await readdir(folder).catch(() => []);
    for (const name of names.filter((each) => each.endsWith(".conf")).sort())
      included.push(parseServerConfig(await readOptional(join(folder, name), true)));
  }
  return {
    generic: withoutIncludes(main),
    sections: [main, ...included].flatMap(({ sections }) => sections),
  };
}

async function readOptional(path: string, isNamed: boolean): Promise<string> {
  return readFile(path, "utf8").catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT" && !isNamed) return "";
    throw new ConfigurationError(`${path} cannot be read: ${error.message}.`, { cause: error });
  });
}
