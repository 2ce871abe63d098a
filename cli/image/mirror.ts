/** The Debian mirror that this machine's apt uses: no host name of a mirror is written down in this project. */
import { existsSync } from "node:fs";
import { ImageError } from "./errors.ts";

export interface Mirror {
  readonly uri: string;
  /** apt's copy of the signed index of the release that images are made of; it pins every package's content. */
  readonly inRelease: string;
}

export const RELEASE = "bookworm";

/** The fields to ask `apt-get indextargets` for, in this order. */
export const TARGET_FORMAT = "$(REPO_URI)|$(RELEASE)|$(CODENAME)|$(COMPONENT)|$(LABEL)|$(FILENAME)";

/** Picks the mirror out of the output of `apt-get indextargets --format TARGET_FORMAT`. */
export function parseIndexTargets(output: string): Mirror | undefined {
  for (const line of output.split("\n")) {
    const [uri = "", release, codename, component, label, file = ""] = line.trim().split("|");
    if (component !== "main" || (release !== RELEASE && codename !== RELEASE)) continue;
    if (label !== "Debian" || !/^https?:\/\//.test(uri)) continue;
    const lists = /^(.*_dists_[^_]+)_main_/.exec(file);
    if (lists === null) continue;
    return { uri, inRelease: `${lists[1]}_InRelease` };
  }
  return undefined;
}

export function requireMirror(output: string, exists: (path: string) => boolean = existsSync): Mirror {
  const mirror = parseIndexTargets(output);
  if (mirror === undefined) {
    throw new ImageError(
      "no-mirror",
      `apt on this machine has no http mirror of Debian ${RELEASE} main, which images are made of: ` +
        `add one to its sources, run "apt-get update" as root, and try again.`,
    );
  }
  if (!exists(mirror.inRelease)) {
    throw new ImageError(
      "no-mirror",
      `apt has not fetched the index of ${mirror.uri} yet: run "apt-get update" as root and try again.`,
    );
  }
  return mirror;
}
