import { access, constants } from "node:fs/promises";
import { join } from "node:path";
import type { PxeConfig } from "../../net/dhcp/pxe.ts";
import { treePath } from "../../net/pxelinux/path.ts";
import type { Notice } from "../../net/status/status.ts";
import type { Configuration } from "../config/schema.ts";

/** What boots where nothing else is said. */
const PXELINUX = "pxelinux.0";
/** Where iPXE is the file for the ROM, as the network boot documentations name it. */
const IPXE_BINARY = /(^|\/)(undionly|ipxe)[^/]*$/;

export interface BootPlan {
  readonly pxe: PxeConfig;
  readonly notices: readonly Notice[];
}

/** What machines that boot from their network card are told: `[boot]` of netroot.toml, or the tree's own pxelinux.0. */
export async function planBoot(tree: string, boot: Configuration["boot"]): Promise<BootPlan> {
  const file = boot.file ?? ((await isInTree(tree, PXELINUX)) ? PXELINUX : undefined);
  const notices: Notice[] = [];
  for (const [key, name] of Object.entries({ file: boot.file, ipxe: boot.ipxe, config: boot.config })) {
    if (name === undefined) continue;
    const path = treePath(name);
    if (path.ok ? await isInTree(tree, path.path) : path.reason === "elsewhere") continue;
    notices.push({
      code: "boot-file-missing",
      message: `boot.${key} of netroot.toml names ${name}, which is not in ${tree}/tftpboot: a machine that boots from its network card will not find it.`,
    });
  }
  if (file !== undefined && boot.ipxe === undefined && IPXE_BINARY.test(file)) {
    notices.push({
      code: "boot-loop",
      message: `boot.file of netroot.toml is ${file}, which is iPXE, and iPXE would be given the same again: say with boot.ipxe what it shall load.`,
    });
  }
  return {
    pxe: {
      ...(file !== undefined && { file }),
      ...(boot.ipxe !== undefined && { ipxeFile: boot.ipxe }),
      ...(boot.config !== undefined && { configFile: boot.config }),
      ...(boot.prefix !== undefined && { pathPrefix: boot.prefix }),
    },
    notices,
  };
}

function isInTree(tree: string, path: string): Promise<boolean> {
  return access(join(tree, "tftpboot", path), constants.R_OK).then(
    () => true,
    () => false,
  );
}
