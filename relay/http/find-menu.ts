import { posix } from "node:path";
import type { PxeConfig } from "../../net/dhcp/pxe.ts";
import type { MacAddress } from "../../net/ethernet/mac.ts";
import type { Ipv4Address } from "../../net/ipv4/address.ts";
import { configNames } from "../../net/pxelinux/lookup.ts";
import { treePath } from "../../net/pxelinux/path.ts";
import type { RelayStatus } from "../../net/status/status.ts";
import { configFilesOf } from "./config-files.ts";

/**
 * The pxelinux.cfg file that PXELINUX would find on a machine with this address, by its own look-up order; the file that has
 * its card's address for a name counts where that is given, those that have a UUID do not. Undefined where the tree has none.
 */
export async function findMenu(
  tftpboot: string,
  { file = "", configFile, pathPrefix }: PxeConfig,
  address: Ipv4Address,
  mac?: MacAddress,
): Promise<RelayStatus["menu"]> {
  const read = configFilesOf(tftpboot);
  const names = configNames({
    address,
    ...(mac !== undefined && { mac }),
    ...(configFile !== undefined && { configFile }),
  });
  // A prefix that leads to another server, or a boot program that is no pxelinux.0, leaves the tree's own.
  for (const prefix of new Set([pathPrefix ?? folderOf(file), ""])) {
    for (const name of names) {
      const place = treePath(name, prefix);
      if (place.ok && "text" in (await read(place.path))) return { file: place.path, prefix };
    }
  }
  return undefined;
}

function folderOf(file: string): string {
  const folder = posix.dirname(file);
  return folder === "." ? "" : folder;
}
