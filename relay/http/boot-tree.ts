import { constants } from "node:fs";
import { access, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import type { PxelinuxConfig } from "../../net/pxelinux/config.ts";
import { treePath, unreachable } from "../../net/pxelinux/path.ts";
import { readPxelinux } from "../../net/pxelinux/read.ts";
import type { Notice } from "../../net/status/status.ts";
import { configFilesOf } from "./config-files.ts";

/** The boot tree cannot be served at all. The message is a sentence that says what to do. */
export class BootTreeError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "BootTreeError";
  }
}

const MAIN = "pxelinux.cfg/default";

/** Rejects with a `BootTreeError` unless `tree` is a folder that we may read. */
export async function requireBootTree(tree: string): Promise<void> {
  try {
    if (!(await stat(tree)).isDirectory())
      throw new BootTreeError(`${tree} is no folder, so it is no boot tree.`);
    await access(tree, constants.R_OK | constants.X_OK);
  } catch (error) {
    if (error instanceof BootTreeError) throw error;
    const { code, message } = error as NodeJS.ErrnoException;
    const sentence =
      code === "ENOENT" || code === "ENOTDIR"
        ? `There is no boot tree at ${tree}: \`netroot image build ${tree}\` makes one.`
        : code === "EACCES"
          ? `The boot tree ${tree} may not be read: look at its permissions.`
          : `The boot tree ${tree} cannot be read: ${message}.`;
    throw new BootTreeError(sentence, { cause: error });
  }
}

/** What a person should know about the tree before powering on a machine. It is served all the same. */
export async function inspectBootTree(
  tftpboot: string,
  menu = { file: MAIN, prefix: "" },
): Promise<Notice[]> {
  const shown = `tftpboot/${menu.file}`;
  let text: string;
  try {
    text = await readFile(join(tftpboot, menu.file), "utf8");
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    return code === "EACCES"
      ? [{ code: "menu-unreadable", message: `${shown} may not be read: look at its permissions.` }]
      : [
          {
            code: "menu-missing",
            message: `This boot tree has no ${shown}; there is no boot menu until it has one. \`netroot image build\` writes one.`,
          },
        ];
  }
  const config = await readPxelinux({ name: menu.file, text }, configFilesOf(tftpboot), menu.prefix);
  if (config.entries.length === 0)
    return [
      { code: "menu-empty", message: `${shown} has no LABEL: there is nothing to choose from.` },
      ...slips(config),
    ];
  return [...(await missingFiles(tftpboot, config)), ...slips(config)];
}

async function missingFiles(tftpboot: string, { entries }: PxelinuxConfig): Promise<Notice[]> {
  const notices: Notice[] = [];
  for (const { label, kernel, initrds, prefix } of entries) {
    for (const name of kernel === undefined ? [] : [kernel, ...initrds]) {
      const path = treePath(name, prefix);
      if (path.ok && (await exists(join(tftpboot, path.path)))) continue;
      const why = path.ok
        ? `which is not in ${tftpboot}`
        : path.reason === "elsewhere"
          ? "which is on another server, where this relay does not fetch it"
          : "which lies outside the boot tree";
      notices.push({ code: "boot-file-missing", message: `The boot entry ${label} names ${name}, ${why}.` });
    }
  }
  return notices;
}

/** A menu that is full of slips is said to be with its first ones. */
const MOST_SLIPS = 10;

/** But those about files of entries, which `missingFiles` tells. */
function slips({ entries, reports }: PxelinuxConfig): Notice[] {
  const told = entries.flatMap(({ kernel, initrds, prefix }) =>
    (kernel === undefined ? [] : [kernel, ...initrds]).flatMap((name) => {
      const path = treePath(name, prefix);
      return path.ok ? [] : [unreachable(name, path.reason)];
    }),
  );
  return reports
    .filter(({ kind, why }) => kind === "slip" && !told.includes(why))
    .slice(0, MOST_SLIPS)
    .map(({ file, line, text, why }) => ({
      code: "menu-slip",
      message: `tftpboot/${file}, line ${line}, has no effect: ${text} – ${why}.`,
    }));
}

async function exists(path: string): Promise<boolean> {
  return access(path, constants.R_OK).then(
    () => true,
    () => false,
  );
}
