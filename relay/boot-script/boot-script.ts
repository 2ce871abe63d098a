import type { PxeConfig } from "../../net/dhcp/pxe.ts";
import type { MacAddress } from "../../net/ethernet/mac.ts";
import type { Ipv4Address } from "../../net/ipv4/address.ts";
import { IPXE_SCRIPT, ipxeScript } from "../../net/ipxe/script.ts";
import type { ConfigText } from "../../net/pxelinux/parse.ts";
import { treePath } from "../../net/pxelinux/path.ts";
import { readPxelinux } from "../../net/pxelinux/read.ts";
import { configFilesOf } from "../http/config-files.ts";
import { findMenu } from "../http/find-menu.ts";

/** Who asks. */
export interface ScriptClient {
  readonly address: Ipv4Address;
  /** Undefined where it is not known. */
  readonly mac?: MacAddress;
}

export type BootScript =
  | { readonly ok: true; readonly text: string }
  | { readonly ok: false; readonly message: string };

/**
 * Makes the script that is asked for; undefined where the name is none of a script's. Never rejects.
 * @param parts of the path: `netroot.ipxe`, and config files behind it
 */
export type BootScripts = (parts: readonly string[], client: ScriptClient) => Promise<BootScript | undefined>;

export interface BootScriptOptions {
  readonly tree: string;
  readonly pxe: PxeConfig;
  /** Machines share the segment. */
  readonly sharedSegment: boolean;
}

/** Makes iPXE scripts of the tree's pxelinux configs: of the one that PXELINUX would find on the asking machine, or of those named. */
export function bootScripts({ tree, pxe, sharedSegment }: BootScriptOptions): BootScripts {
  const read = configFilesOf(tree);
  return async ([first, ...rest], { address, mac }) => {
    if (first !== IPXE_SCRIPT) return undefined;
    const menu = await findMenu(tree, pxe, address, mac);
    const named = rest
      .join("/")
      .split(",")
      .filter((name) => name !== "");
    const names = named.length > 0 ? named : menu === undefined ? [] : [menu.file];
    if (names.length === 0) {
      const message =
        "There is no pxelinux.cfg/default, nor a file of the names that go before it: the boot tree has no menu to make a script of.";
      return { ok: false, message };
    }
    const files: ConfigText[] = [];
    for (const name of names) {
      const place = treePath(name);
      const answer = place.ok ? await read(place.path) : { why: "it lies outside the boot tree" };
      if ("why" in answer)
        return { ok: false, message: `${name} cannot be made a script of: ${answer.why}.` };
      files.push({ name, text: answer.text });
    }
    const config = await readPxelinux(files, read, menu?.prefix ?? "");
    return { ok: true, text: ipxeScript(config, { source: names.join(", "), sharedSegment }) };
  };
}
