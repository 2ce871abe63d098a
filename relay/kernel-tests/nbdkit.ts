import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

/** A real NBD server with unpredictable content, the same every time. */
export interface NbdServer {
  readonly socketPath: string;
  /** Of the whole content, read without us. */
  readonly sha256: string;
  /** For files of the test; `close` takes it away. */
  readonly folder: string;
  close(): Promise<void>;
}

/** Starts nbdkit on a UNIX socket. Throws a sentence where it is not installed. */
export async function startNbdkit(size: string): Promise<NbdServer> {
  const folder = mkdtempSync(join(tmpdir(), "netroot-nbd-"));
  const socketPath = join(folder, "socket");
  const child = spawn("nbdkit", [
    "-f",
    "--exit-with-parent",
    "-r",
    "-U",
    socketPath,
    "random",
    `size=${size}`,
    "seed=1",
  ]);
  let failure: Error | undefined;
  child.on("error", (cause) => {
    failure = new Error("nbdkit does not start: install the Debian packages nbdkit and libnbd-bin.", {
      cause,
    });
  });
  while (!existsSync(socketPath)) {
    if (failure !== undefined) throw failure;
    if (child.exitCode !== null) throw new Error(`nbdkit ended with exit code ${child.exitCode}.`);
    await sleep(20);
  }
  const uri = `nbd+unix:///?socket=${socketPath}`;
  const sum = execFileSync("sh", ["-c", `nbdcopy '${uri}' - | sha256sum`], { encoding: "utf8" });
  return {
    socketPath,
    sha256: sum.slice(0, 64),
    folder,
    async close() {
      child.kill();
      if (child.exitCode === null && child.signalCode === null) await once(child, "exit");
      rmSync(folder, { recursive: true });
    },
  };
}
