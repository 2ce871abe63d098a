// Builds the page into dist/page when its sources changed since it was last built.
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const SOURCES = ["src", "worker", "net", "public", "vite.config.ts", "package-lock.json", "tsconfig.json"];
const STAMP = "dist/page/.sources-sha256";

/** @param {string} root the project's folder */
export function ensurePage(root) {
  const wanted = hashSources(root);
  const stamp = join(root, STAMP);
  if (existsSync(stamp) && readFileSync(stamp, "utf8") === wanted) return;
  console.error("netroot: building the page into dist/page/");
  const vite = spawnSync(process.execPath, ["node_modules/vite/bin/vite.js", "build", "--logLevel", "warn"], {
    cwd: root,
    stdio: ["ignore", 2, 2],
  });
  if (vite.status !== 0) throw new Error("The page could not be built. The build's message is above.");
  writeFileSync(stamp, wanted);
}

/** @param {string} root */
function hashSources(root) {
  const hash = createHash("sha256");
  for (const source of SOURCES) {
    for (const file of filesUnder(root, source)) {
      if (file.endsWith(".test.ts")) continue;
      hash
        .update(`${file}\0`)
        .update(readFileSync(join(root, file)))
        .update("\0");
    }
  }
  return hash.digest("hex");
}

/**
 * @param {string} root
 * @param {string} path
 * @returns {string[]} sorted, relative to root
 */
function filesUnder(root, path) {
  const absolute = join(root, path);
  if (!existsSync(absolute)) return [];
  try {
    return readdirSync(absolute, { withFileTypes: true })
      .flatMap((entry) =>
        entry.isDirectory() ? filesUnder(root, join(path, entry.name)) : [join(path, entry.name)],
      )
      .sort();
  } catch (error) {
    if (/** @type {NodeJS.ErrnoException} */ (error).code === "ENOTDIR") return [path];
    throw error;
  }
}
