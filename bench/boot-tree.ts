import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";

const run = promisify(execFile);
/** Where kiwi-overlay's nbd-client looks, whatever the append line says. */
const PORT = 10809;

/** One nbd-server on the port that qemu's guest reaches through the host, and a boot tree whose export is that server's. */
export interface SharedRoot {
  readonly tree: string;
  /** Its default entry's initrd, a file, and append line without `initrd=`. */
  readonly initrd: string;
  readonly append: string;
  close(): Promise<void>;
}

/** Copies the tree (as hard links where it may), points its export at one real nbd-server, and starts that. */
export async function shareRoot(original: string): Promise<SharedRoot> {
  if (await answers())
    throw new Error(`Port ${PORT} is taken: end what listens there, the benchmark needs it for nbd-server.`);
  const menu = await readFile(join(original, "tftpboot/pxelinux.cfg/default"), "utf8");
  const append = /^\s*append\s+(.*)$/im.exec(menu)?.[1]?.replace(/\binitrd=\S+\s*/, "");
  if (append === undefined)
    throw new Error(`${original} has no append line in tftpboot/pxelinux.cfg/default.`);
  const folder = await mkdtemp(join(tmpdir(), "netroot-bench-"));
  const tree = join(folder, "tree");
  // -T: a link across file systems fails half-way, and what it left is the folder to copy over, not into.
  await run("cp", ["-alT", original, tree]).catch(() => run("cp", ["-aT", original, tree]));
  const image = join(tree, "exports", "kisroot.squashfs");
  const config = join(folder, "nbd-server.conf");
  await writeFile(
    config,
    `[generic]\n  port = ${PORT}\n  listenaddr = 127.0.0.1\n[kisroot]\n  exportname = ${image}\n  readonly = true\n`,
  );
  await rm(join(tree, "netroot.toml"), { force: true });
  await writeFile(
    join(tree, "netroot.toml"),
    `[[export]]\nname = "kisroot"\nserver = "nbd://127.0.0.1:${PORT}/kisroot"\nreadonly = true\n`,
  );
  const pidFile = join(folder, "pid");
  // It puts itself into the background: what this starts is over at once.
  await run("nbd-server", ["-C", config, "-p", pidFile]);
  const close = async () => {
    const pid = Number(await readFile(pidFile, "utf8").catch(() => ""));
    if (pid > 0) process.kill(pid, "SIGTERM");
    // The next one wants the port.
    while (pid > 0 && (await answers())) await sleep(50);
    await rm(folder, { recursive: true, force: true });
  };
  for (let attempt = 0; !(await answers()); attempt += 1) {
    if (attempt === 50) {
      await close();
      throw new Error("nbd-server did not start.");
    }
    await sleep(100);
  }
  return { tree, initrd: join(tree, "tftpboot/boot/initrd"), append, close };
}

function answers(): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(PORT, "127.0.0.1");
    socket.once("connect", () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", () => resolve(false));
  });
}
