import { constants } from "node:fs";
import { access, open, stat } from "node:fs/promises";
import { SmokeError } from "../errors.ts";

/** Rejects unless `path` is a file that may be read and is not empty. @param what "kernel", "root image" */
export async function requireFile(path: string, what: string): Promise<number> {
  try {
    const about = await stat(path);
    if (!about.isFile()) throw new SmokeError("usage", `The ${what} ${path} is no file.`);
    await access(path, constants.R_OK);
    if (about.size === 0) throw new SmokeError("usage", `The ${what} ${path} is empty.`);
    return about.size;
  } catch (error) {
    throw error instanceof SmokeError ? error : unreadable(path, what, error);
  }
}

/** The first bytes of a file; fewer where it is shorter. */
export async function readHead(path: string, bytes: number, what: string): Promise<Uint8Array> {
  try {
    const handle = await open(path);
    try {
      const { buffer, bytesRead } = await handle.read(new Uint8Array(bytes), 0, bytes, 0);
      return buffer.subarray(0, bytesRead);
    } finally {
      await handle.close();
    }
  } catch (error) {
    throw unreadable(path, what, error);
  }
}

function unreadable(path: string, what: string, cause: unknown): SmokeError {
  const { code, message } = cause as NodeJS.ErrnoException;
  const sentence =
    code === "ENOENT" || code === "ENOTDIR"
      ? `There is no ${what} at ${path}.`
      : code === "EACCES"
        ? `The ${what} ${path} may not be read: look at its permissions.`
        : `The ${what} ${path} cannot be read: ${message}.`;
  return new SmokeError("usage", sentence, { cause });
}
