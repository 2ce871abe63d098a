import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { createReadStream, existsSync } from "node:fs";
import { copyFile, mkdir, mkdtemp, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { promisify } from "node:util";
import { defaultCacheDir } from "../cli/image/cache.ts";

/**
 * What Debian's dracut needs to be told so that the unmodified kiwi-overlay boots at all; everything else is as a
 * user's build has it. gzip, because dracut's own choice on Debian unpacks more slowly, and the yardstick gets the benefit.
 */
const DRACUT_CONFIG = `add_dracutmodules+=" bash kiwi-overlay network-legacy "
force_drivers+=" nbd overlay squashfs "
compress="gzip"
`;

/** Runs in namespaces of its own: what it mounts goes with it, and there is no network. Arguments: root, kernel version. */
const MAKE = `set -e
mount --rbind /dev "$1/dev"
mount -t proc proc "$1/proc"
mount -t tmpfs tmpfs "$1/tmp"
exec linux32 chroot "$1" dracut --force --no-hostonly --kver "$2" /boot/stock-initrd`;

/** The kernel's command line of a boot entry that nobody tuned: the address comes by DHCP. */
export const STOCK_APPEND = "root=overlay:nbd=10.86.0.1:kisroot console=ttyS0";

/**
 * The initrd that dracut makes of a root in which nothing was slimmed for this project but its drivers (a smaller tree of
 * kernel modules makes the stock initrd faster, if anything). Made once for each content of the root image, in about a
 * minute, and kept in the user's cache folder. Wants root. `rootImage` holds systemd, on which kiwi-overlay counts in the
 * initrd. Throws an `Error` with what went wrong.
 */
export async function stockInitrd(rootImage: string, say: (text: string) => void): Promise<string> {
  const cache = join(defaultCacheDir(), "bench");
  const initrd = join(cache, `stock-initrd-${await keyOf(rootImage)}`);
  if (existsSync(initrd)) return initrd;
  say("making the stock initrd … ");
  await mkdir(cache, { recursive: true });
  const scratch = await mkdtemp(join(cache, "stock-initrd-"));
  try {
    const root = join(scratch, "root");
    const run = promisify(execFile);
    await run("unsquashfs", ["-no-progress", "-d", root, rootImage]);
    await run("sh", [
      "-c",
      'rm -r "$1"/etc/dracut.conf.d/*netroot* "$1"/usr/lib/dracut/modules.d/*netroot*',
      "sh",
      root,
    ]);
    await writeFile(join(root, "etc/dracut.conf.d/50-kiwi.conf"), DRACUT_CONFIG);
    const { stdout } = await run("ls", [join(root, "usr/lib/modules")]);
    await run("unshare", ["--mount", "--net", "sh", "-c", MAKE, "sh", root, stdout.trim()], {
      maxBuffer: 64 * 1024 * 1024,
    });
    // Under its name in one step, so that nothing unfinished is ever found.
    const finished = join(scratch, "finished");
    await copyFile(join(root, "boot/stock-initrd"), finished);
    await rename(finished, initrd);
    say("made\n");
    return initrd;
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

async function keyOf(rootImage: string): Promise<string> {
  const hash = createHash("sha256").update(DRACUT_CONFIG).update(MAKE);
  await pipeline(createReadStream(rootImage), hash, { end: false });
  return hash.digest("hex").slice(0, 32);
}
