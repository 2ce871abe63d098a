import { describe, expect, it } from "vitest";
import { parseIndexTargets, requireMirror } from "./mirror.ts";

const LISTS = "/var/lib/apt/lists/mirror.example.org_debian";

const TARGETS = `http://mirror.example.org/debian/|bookworm-updates|bookworm-updates|main|Debian|${LISTS}_dists_bookworm-updates_main_binary-amd64_Packages.lz4
http://mirror.example.org/debian-security/|bookworm-security|bookworm-security|main|Debian-Security|${LISTS}-security_dists_bookworm-security_main_binary-amd64_Packages.lz4
http://mirror.example.org/debian/|bookworm|bookworm|contrib|Debian|${LISTS}_dists_bookworm_contrib_binary-amd64_Packages.lz4
http://mirror.example.org/debian/|bookworm|bookworm|main|Debian|${LISTS}_dists_bookworm_main_binary-amd64_Packages.lz4
`;

describe("the mirror of this machine's apt", () => {
  it("is the one of the release itself, not of its updates, and names its signed index", () => {
    expect(parseIndexTargets(TARGETS)).toEqual({
      uri: "http://mirror.example.org/debian/",
      inRelease: `${LISTS}_dists_bookworm_InRelease`,
    });
  });

  it("is found where the sources say oldstable", () => {
    const line = `https://mirror.example.org/debian/|oldstable|bookworm|main|Debian|${LISTS}_dists_oldstable_main_binary-amd64_Packages.lz4`;
    expect(parseIndexTargets(line)?.inRelease).toBe(`${LISTS}_dists_oldstable_InRelease`);
  });

  it("is not a CD, nor somebody else's repository", () => {
    expect(parseIndexTargets(TARGETS.replaceAll("http://", "cdrom://"))).toBeUndefined();
    expect(parseIndexTargets(TARGETS.replaceAll("|Debian|", "|Elsewhere|"))).toBeUndefined();
  });

  it("ends in a sentence where there is none, or where apt never fetched it", () => {
    expect(() => requireMirror("")).toThrow(/add one to its sources/);
    expect(() => requireMirror(TARGETS, () => false)).toThrow(/run "apt-get update" as root/);
    expect(requireMirror(TARGETS, () => true).uri).toBe("http://mirror.example.org/debian/");
  });
});
