import { spawnSync } from "node:child_process";
import { type Mirror, requireMirror, TARGET_FORMAT } from "./mirror.ts";

/** The mirror that this machine's apt is set up with. */
export function aptMirror(): Mirror {
  const targets = spawnSync("apt-get", ["indextargets", "--format", TARGET_FORMAT], { encoding: "utf8" });
  return requireMirror(targets.stdout ?? "");
}
