import type { PxeConfig } from "../../net/dhcp/pxe.ts";
import type { MacAddress } from "../../net/ethernet/mac.ts";
import type { Ipv4Address } from "../../net/ipv4/address.ts";
import { IPXE_SCRIPT, ipxeScript } from "../../net/ipxe/script.ts";
import { inspectKernel, KERNEL_HEADER_BYTES, type KernelImage } from "../../net/linux/bzimage.ts";
import type { PxelinuxConfig } from "../../net/pxelinux/config.ts";
import type { ConfigText } from "../../net/pxelinux/parse.ts";
import { treePath } from "../../net/pxelinux/path.ts";
import { readPxelinux } from "../../net/pxelinux/read.ts";
import { configFilesOf } from "../http/config-files.ts";
import { openConfined } from "../http/confine.ts";
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
  readonly tftpboot: string;
  readonly pxe: PxeConfig;
  /** Machines share the segment. */
  readonly sharedSegment: boolean;
}

/** Makes iPXE scripts of the tree's pxelinux configs: of the one that PXELINUX would find on the asking machine, or of those named. */
export function bootScripts({ tftpboot, pxe, sharedSegment }: BootScriptOptions): BootScripts {
  const read = configFilesOf(tftpboot);
  return async ([first, ...rest], { address, mac }) => {
    if (first !== IPXE_SCRIPT) return undefined;
    const menu = await findMenu(tftpboot, pxe, address, mac);
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
    const unfit = await unfitKernels(tftpboot, config);
    return { ok: true, text: ipxeScript(config, { source: names.join(", "), sharedSegment, unfit }) };
  };
}

/** What entries take for kernels although their first bytes say otherwise. A file that is not there is iPXE's to find. */
async function unfitKernels(root: string, { entries }: PxelinuxConfig): Promise<Map<string, string>> {
  const unfit = new Map<string, string>();
  const paths = entries.flatMap(({ kernel, prefix }) => {
    const place = treePath(kernel ?? "", prefix);
    return place.ok ? [place.path] : [];
  });
  for (const path of new Set(paths)) {
    const image = await kernelHead(root, path);
    if (image !== undefined && !image.ok && (image.reason === "not-a-kernel" || image.reason === "too-old"))
      unfit.set(path, `it looks like ${image.looksLike}`);
  }
  return unfit;
}

/** Undefined where the file cannot be read. */
async function kernelHead(root: string, path: string): Promise<KernelImage | undefined> {
  const file = await openConfined(root, path.split("/"), path);
  if (!file.ok) return undefined;
  try {
    const { buffer, bytesRead } = await file.handle.read(
      new Uint8Array(KERNEL_HEADER_BYTES),
      0,
      KERNEL_HEADER_BYTES,
      0,
    );
    return inspectKernel(buffer.subarray(0, bytesRead));
  } catch {
    return undefined;
  } finally {
    await file.handle.close();
  }
}
