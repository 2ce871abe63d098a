import { resolve } from "node:path";
import type { Configuration } from "./schema.ts";

/** Where machines' boot files are: the tree's tftpboot folder, or the one that `[tree]` of netroot.toml names. */
export function tftpbootOf(tree: string, configuration: Pick<Configuration, "tree">): string {
  return resolve(tree, configuration.tree.tftpboot ?? "tftpboot");
}

/** nbd-server's own configuration: the tree's, or the one that `[tree]` of netroot.toml names. */
export function nbdConfigOf(tree: string, configuration: Pick<Configuration, "tree">): string {
  return resolve(tree, configuration.tree.nbd_config ?? "nbd-server/config");
}
