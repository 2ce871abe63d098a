import { EXPORT, GATEWAY } from "../../image/boot-files.ts";
import { looseImage } from "../image/loose-image.ts";
import { menuEntry } from "../image/menu-entry.ts";
import { withRoot } from "../image/root-parameter.ts";
import { makeScratchTree, scratchMenu } from "../image/scratch-tree.ts";
import type { CasePlan, ImageSource } from "../plan.ts";
import type { BootNetwork } from "./network.ts";
import { startOwnRelay } from "./own-relay.ts";

/** A relay for files that lie in no boot tree: one is made for the occasion. */
export async function filesNetwork(
  plan: CasePlan,
  source: Exclude<ImageSource, { kind: "tree" }>,
  socket?: string,
): Promise<BootNetwork> {
  const image = await looseImage(source, plan.engine, plan.append);
  const { kernel, initrds, root } = image;
  const exports =
    root === undefined ? [] : [{ name: EXPORT, image: root, readonly: true, aoe: { shelf: 0, slot: 1 } }];
  const named = exports.map(({ name }) => ({ name, aoe: "e0.1" }));
  const append =
    plan.root === undefined
      ? image.append
      : withRoot(image.append, plan.root, { server: GATEWAY, exports: named });
  const scratch = await makeScratchTree({ kernel, initrds, append });
  return startOwnRelay({
    tree: scratch.tree,
    configure: (defaults) => ({ ...defaults, export: exports }),
    socket,
    entry: menuEntry(scratchMenu(initrds.length, append), plan.label),
    files: { kernel, initrds },
    onClose: scratch.remove,
  });
}
