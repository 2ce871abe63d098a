import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { type AoeAddress, formatAoeAddress } from "../../../net/aoe/address.ts";
import { formatIpv4 } from "../../../net/ipv4/address.ts";
import { joinWords } from "../../../net/pxelinux/append.ts";
import { readConfiguration } from "../../../relay/config/configuration.ts";
import { tftpbootOf } from "../../../relay/config/folders.ts";
import type { Configuration } from "../../../relay/config/schema.ts";
import { aoePlaces } from "../../../relay/exports/aoe-places.ts";
import { type PlannedExport, planExports } from "../../../relay/exports/plan-exports.ts";
import { requireBootTree } from "../../../relay/http/boot-tree.ts";
import { findMenu } from "../../../relay/http/find-menu.ts";
import { planBoot } from "../../../relay/http/plan-boot.ts";
import { SmokeError } from "../errors.ts";
import { declared } from "../image/exports.ts";
import { requireKernel, requireRootImage } from "../image/inspect.ts";
import { menuEntry } from "../image/menu-entry.ts";
import { requireFile } from "../image/open-files.ts";
import { withRoot } from "../image/root-parameter.ts";
import { makeScratchTree } from "../image/scratch-tree.ts";
import type { CasePlan } from "../plan.ts";
import type { BootNetwork } from "./network.ts";
import { startOwnRelay } from "./own-relay.ts";

/** A relay for a boot tree as it lies there; for a boot by firmware whose entry is changed, for one like it. */
export async function treeNetwork(plan: CasePlan, tree: string, socket?: string): Promise<BootNetwork> {
  await requireBootTree(tree);
  const read = await readConfiguration(tree);
  const planned = (await planExports(tree, read)).exports;
  await requireRootImages(planned);
  // In the relay's own order.
  const names = planned.map(({ name }) => name).sort();
  const places = new Map(aoePlaces(tree, names, read).map(({ name, address }) => [name, address]));
  const given = await entryOf(plan, tree, read);
  const append = appendOf(plan, given.append, read, names, places);
  const tftpboot = tftpbootOf(tree, read);
  const files = {
    kernel: join(tftpboot, given.kernel),
    initrds: given.initrds.map((initrd) => join(tftpboot, initrd)),
  };
  await requireKernel(files.kernel, plan.engine);
  for (const initrd of files.initrds) await requireFile(initrd, "initrd");
  const entry = { ...given, append };
  if (plan.boot === "direct" || (append === given.append && plan.label === undefined))
    return startOwnRelay({ tree, configure: () => read, socket, entry, files });
  const scratch = await makeScratchTree({ ...files, append, bootPrograms: tftpboot });
  return startOwnRelay({
    tree: scratch.tree,
    configure: () => ({ ...read, tree: {}, export: declared(tree, planned, places) }),
    socket,
    entry,
    files,
    onClose: scratch.remove,
  });
}

async function requireRootImages(planned: readonly PlannedExport[]): Promise<void> {
  for (const { source } of planned) {
    if (source.kind === "image") await requireRootImage(source.path);
    else if (source.kind === "section" && source.section.path !== undefined)
      await requireRootImage(source.section.path);
  }
}

async function entryOf(plan: CasePlan, tree: string, configuration: Configuration) {
  const tftpboot = tftpbootOf(tree, configuration);
  const { pxe } = await planBoot(tftpboot, configuration.boot);
  const menu = await findMenu(tftpboot, pxe, configuration.segment.network.firstClientAddress);
  if (menu === undefined)
    throw new SmokeError(
      "usage",
      `${tree} has no tftpboot/pxelinux.cfg/default, so there is no entry to boot.`,
    );
  return menuEntry(await readFile(join(tftpboot, menu.file), "utf8"), plan.label);
}

function appendOf(
  { root, append = "" }: CasePlan,
  given: string,
  { segment }: Configuration,
  names: readonly string[],
  places: ReadonlyMap<string, AoeAddress>,
): string {
  const line = joinWords(given, append);
  if (root === undefined) return line;
  const exports = names.map((name) => {
    const aoe = places.get(name);
    return { name, ...(aoe && { aoe: formatAoeAddress(aoe) }) };
  });
  return withRoot(line, root, { server: formatIpv4(segment.network.serverAddress), exports });
}
