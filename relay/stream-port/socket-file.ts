import { lstat, unlink } from "node:fs/promises";
import { connect, type Server } from "node:net";
import { ListenError } from "../http/listen.ts";

/** What a UNIX socket's address has room for, without the zero at its end (unix(7), `sun_path`). */
const MAX_PATH_BYTES = 107;
/** For the user alone: who may connect is on the network of the relay. */
const OWNER_ONLY_UMASK = 0o177;

/**
 * Lets `server` listen on a UNIX socket at `path`. A file that a relay left behind is replaced; nothing else that is there is.
 * Rejects with a `ListenError`.
 */
export async function listenOnSocket(server: Server, path: string): Promise<void> {
  if (Buffer.byteLength(path) > MAX_PATH_BYTES)
    throw new ListenError(
      "other",
      `The path of the socket ${path} is longer than the ${MAX_PATH_BYTES} bytes that a UNIX socket's may have: choose a shorter one.`,
    );
  await removeStale(path);
  await new Promise<void>((resolve, reject) => {
    const failed = (error: NodeJS.ErrnoException) =>
      reject(new ListenError("other", `The socket ${path} cannot be made: ${error.message}.`));
    server.once("error", failed);
    const before = process.umask(OWNER_ONLY_UMASK);
    server.listen(path, () => {
      server.off("error", failed);
      resolve();
    });
    process.umask(before);
  });
}

async function removeStale(path: string): Promise<void> {
  const there = await lstat(path).catch(() => undefined);
  if (there === undefined) return;
  if (!there.isSocket())
    throw new ListenError(
      "other",
      `There is a file at ${path}, and it is no socket: move it away, or choose another path.`,
    );
  if (await answers(path))
    throw new ListenError(
      "other",
      `Somebody listens on the socket ${path} already: end that relay, or choose another path.`,
    );
  await unlink(path);
}

function answers(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ path });
    socket.once("connect", () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", () => resolve(false));
  });
}
