// Installs the npm packages of package-lock.json when they are missing or out of date. Needs no npm package itself.
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const STAMP = "node_modules/.netroot-lock-sha256";

/** @param {string} root the project's folder */
export function ensureNpmPackages(root) {
  requireNode();
  const wanted = createHash("sha256")
    .update(readFileSync(join(root, "package-lock.json")))
    .digest("hex");
  const stamp = join(root, STAMP);
  if (existsSync(stamp) && readFileSync(stamp, "utf8") === wanted) return;
  console.error("netroot: installing the npm packages of package-lock.json into node_modules/");
  const npm = spawnSync("npm", ["ci", "--no-audit", "--no-fund", "--loglevel=error"], {
    cwd: root,
    stdio: ["ignore", 2, 2],
  });
  if (npm.error !== undefined || npm.status !== 0) {
    throw new Error(
      `npm ci failed (${npm.error?.message ?? `exit ${npm.status}`}). Its message is above; run "npm ci" again once that is mended.`,
    );
  }
  writeFileSync(stamp, wanted);
}

function requireNode() {
  const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
  if (major > 20 || (major === 20 && minor >= 19)) return;
  throw new Error(`Node ${process.versions.node} is too old: netroot needs Node 20.19 or newer.`);
}
