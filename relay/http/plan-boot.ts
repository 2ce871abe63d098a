import { access, constants } from "node:fs/promises";
import { join, posix } from "node:path";
import type { PxeConfig } from "../../net/dhcp/pxe.ts";
import { IPXE_SCRIPT } from "../../net/ipxe/script.ts";
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

/**
 * What machines that boot from their network card are told: `[boot]` of netroot.toml, or the tree's own pxelinux.0, and for iPXE a
 * script that is made of the tree's pxelinux.cfg.
 * @param script where iPXE finds that, if anywhere
 */
export async function planBoot(
  tftpboot: string,
  boot: Configuration["boot"],
  script?: string,
): Promise<BootPlan> {
  const file = boot.file ?? ((await isIn(tftpboot, PXELINUX)) ? PXELINUX : undefined);
  const ipxe = boot.ipxe ?? ((await hasMenu(tftpboot, boot, file)) ? script : undefined);
  const notices: Notice[] = [];
  for (const [key, name] of Object.entries({ file: boot.file, ipxe: boot.ipxe, config: boot.config })) {
    if (name === undefined || name === false || name === IPXE_SCRIPT) continue;
    const path = treePath(name);
    if (path.ok ? await isIn(tftpboot, path.path) : path.reason === "elsewhere") continue;
    notices.push({
      code: "boot-file-missing",
      message: `boot.${key} of netroot.toml names ${name}, which is not in ${tftpboot}: a machine that boots from its network card will not find it.`,
    });
  }
  if (file !== undefined && (ipxe === undefined || ipxe === false) && IPXE_BINARY.test(file)) {
    notices.push({
      code: "boot-loop",
      message: `boot.file of netroot.toml is ${file}, which is iPXE, and iPXE would be given the same again: say with boot.ipxe what it shall load.`,
    });
  }
  return {
    pxe: {
      ...(file !== undefined && { file }),
      ...(ipxe !== undefined && ipxe !== false && { ipxeFile: ipxe }),
      ...(boot.config !== undefined && { configFile: boot.config }),
      ...(boot.prefix !== undefined && { pathPrefix: boot.prefix }),
    },
    notices,
  };
}

/** Whether there is something to make a script of. */
async function hasMenu(tftpboot: string, { config }: Configuration["boot"], file = ""): Promise<boolean> {
  if (config !== undefined) return true;
  for (const folder of new Set([posix.dirname(file), ""]))
    if (await isIn(tftpboot, posix.join(folder, "pxelinux.cfg"))) return true;
  return false;
}

function isIn(tftpboot: string, path: string): Promise<boolean> {
  return access(join(tftpboot, path), constants.R_OK).then(
    () => true,
    () => false,
  );
}
