import { constants } from "node:fs";
import { copyFile, cp, link, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { HOST_FILES } from "../../image/boot-files.ts";

export const SMOKE_LABEL = "smoke";

/** A boot tree for one case, thrown away after it. */
export interface ScratchTree {
  readonly tree: string;
  remove(): Promise<void>;
}

export interface ScratchFiles {
  readonly kernel: string;
  readonly initrds: readonly string[];
  /** The kernel's command line, without initrd=. */
  readonly append: string;
  /** Of a tree whose boot programs are taken; Debian's unless given. */
  readonly bootPrograms?: string;
}

/** Lays out a tree with one boot entry. The files share their blocks with the originals where the file system can do that. */
export async function makeScratchTree(files: ScratchFiles): Promise<ScratchTree> {
  const tree = await mkdtemp(join(tmpdir(), "netroot-smoke-"));
  const remove = () => rm(tree, { recursive: true, force: true });
  try {
    const tftpboot = join(tree, "tftpboot");
    await place(files.kernel, join(tftpboot, "boot/linux"));
    const targets = initrdNames(files.initrds.length);
    for (const [index, initrd] of files.initrds.entries())
      await place(initrd, join(tftpboot, targets[index]!));
    await placeBootPrograms(tftpboot, files.bootPrograms);
    await mkdir(join(tftpboot, "pxelinux.cfg"), { recursive: true });
    await writeFile(join(tftpboot, "pxelinux.cfg/default"), scratchMenu(files.initrds.length, files.append));
    return { tree, remove };
  } catch (error) {
    await remove();
    throw error;
  }
}

/** The menu of such a tree. */
export function scratchMenu(initrds: number, append: string): string {
  const initrd = initrds === 0 ? "" : `initrd=${initrdNames(initrds).join(",")} `;
  return `DEFAULT ${SMOKE_LABEL}\nPROMPT 0\n\nLABEL ${SMOKE_LABEL}\n    kernel boot/linux\n    append ${initrd}${append}\n`;
}

function initrdNames(count: number): string[] {
  return Array.from({ length: count }, (_, index) =>
    index === 0 ? "boot/initrd" : `boot/initrd-${index + 1}`,
  );
}

async function place(source: string, target: string): Promise<void> {
  await mkdir(dirname(target), { recursive: true });
  await link(source, target).catch(() => copyFile(source, target, constants.COPYFILE_FICLONE));
}

/** pxelinux and its modules: a boot by firmware loads them. Where the machine has none, only direct boots work. */
async function placeBootPrograms(tftpboot: string, own: string | undefined): Promise<void> {
  const isProgram = (name: string) => /\.(0|c32|ipxe|kpxe|pxe)$/.test(name);
  if (own !== undefined) {
    await cp(own, tftpboot, { recursive: true, filter: (path) => path === own || isProgram(path) });
    return;
  }
  for (const { source, target } of HOST_FILES) {
    const name = target.replace(/^tftpboot\//, "");
    if (name !== target) await place(source, join(tftpboot, name)).catch(() => {});
  }
}
