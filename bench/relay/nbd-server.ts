import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { writeRandomFile } from "../../relay/exports/testing/programs.ts";

const run = promisify(execFile);
const IMAGE_BYTES = 64 * 1024 * 1024;
/** The guests behind passt can name no other: passt passes on what they ask for. */
const PORT = 10809;

/** The real nbd-server with the one export `kisroot`, which stays in the page cache. */
export async function startServer(): Promise<{ readonly port: number; close(): Promise<void> }> {
  const folder = await mkdtemp(join(tmpdir(), "netroot-bench-relay-"));
  const image = join(folder, "kisroot");
  const config = join(folder, "config");
  const pidFile = join(folder, "pid");
  await writeRandomFile(image, IMAGE_BYTES);
  const generic = `[generic]\n  port = ${PORT}\n  listenaddr = 127.0.0.1\n`;
  await writeFile(config, `${generic}[kisroot]\n  exportname = ${image}\n  readonly = true\n`);
  await run("nbd-server", ["-C", config, "-p", pidFile]);
  return {
    port: PORT,
    close: async () => {
      const pid = Number(await readFile(pidFile, "utf8").catch(() => ""));
      if (pid > 0) process.kill(pid, "SIGTERM");
      await rm(folder, { recursive: true });
    },
  };
}
