// `npm start`: does all the set-up that is missing, then serves the page. Arguments go to `netroot serve`.
import { spawn, spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { ensure } from "./debian.mjs";
import { ensureNpmPackages } from "./npm.mjs";
import { ensurePage } from "./page.mjs";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const netroot = join(root, "bin", "netroot.mjs");
const tree = join(root, ".netroot");

try {
  ensureNpmPackages(root);
  if (!existsSync(join(tree, "built.json"))) {
    ensure(["serve", "image"]);
    const built = spawnSync(process.execPath, [netroot, "image", "build", tree], { stdio: ["ignore", 2, 2] });
    if (built.status !== 0) throw new Error("The image could not be built. What went wrong is above.");
  } else {
    ensure(["serve"]);
  }
  ensurePage(root);
} catch (error) {
  console.error(`netroot: ${error instanceof Error ? error.message : String(error)}`);
  process.exit(99);
}

const serve = spawn(process.execPath, [netroot, "serve", ...process.argv.slice(2)], {
  stdio: "inherit",
  cwd: root,
});
for (const signal of /** @type {const} */ (["SIGINT", "SIGTERM"]))
  process.on(signal, () => serve.kill(signal));
serve.on("exit", (code, signal) => process.exit(code ?? (signal === "SIGINT" ? 130 : 143)));
