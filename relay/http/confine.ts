import { constants } from "node:fs";
import { type FileHandle, open, realpath } from "node:fs/promises";
import { join, sep } from "node:path";

export type ConfinedFile =
  /** The caller closes the handle. */
  | { readonly ok: true; readonly handle: FileHandle; readonly path: string }
  | { readonly ok: false; readonly status: 400 | 403 | 404 | 500; readonly message: string };

/**
 * Reads the path part of a URL: percent signs decoded, parts split. Undefined when it is no path at all: a broken escape, a
 * NUL, or a `..` in whatever spelling. (A client that means well never sends one.)
 */
export function decodeUrlPath(path: string): string[] | undefined {
  let decoded: string;
  try {
    decoded = decodeURIComponent(path);
  } catch {
    return undefined;
  }
  if (decoded.includes("\0")) return undefined;
  const parts = decoded.split("/").filter((part) => part !== "" && part !== ".");
  return parts.includes("..") ? undefined : parts;
}

/**
 * Opens a regular file below `root`. Symbolic links are followed as long as they stay inside; what leads out, or is no
 * file, is refused in words that name `shown`, never a path of this machine.
 */
export async function openConfined(
  root: string,
  parts: readonly string[],
  shown: string,
): Promise<ConfinedFile> {
  try {
    const realRoot = await realpath(root);
    const path = await realpath(join(realRoot, ...parts));
    if (!path.startsWith(realRoot.endsWith(sep) ? realRoot : realRoot + sep)) {
      return { ok: false, status: 403, message: `${shown} is a link that leads out of its folder.` };
    }
    // NONBLOCK: opening a FIFO must not wait for a writer.
    const handle = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    if ((await handle.stat()).isFile()) return { ok: true, handle, path };
    await handle.close();
    return { ok: false, status: 404, message: `${shown} is no file.` };
  } catch (error) {
    return failure(error as NodeJS.ErrnoException, shown);
  }
}

function failure(error: NodeJS.ErrnoException, shown: string): ConfinedFile {
  switch (error.code) {
    case "ENOENT":
    case "ENOTDIR":
    case "ENAMETOOLONG":
      return { ok: false, status: 404, message: `There is no ${shown}.` };
    case "ELOOP":
      return { ok: false, status: 404, message: `${shown} is a link that leads in circles.` };
    case "EACCES":
    case "EPERM":
      return {
        ok: false,
        status: 403,
        message: `The relay may not read ${shown}: look at the permissions of that file and of the folders above it.`,
      };
    default:
      return { ok: false, status: 500, message: `${shown} cannot be read (${error.code ?? error.message}).` };
  }
}
