#!/usr/bin/env node
const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
if (major < 20 || (major === 20 && minor < 19)) {
  console.error(`netroot: Node ${process.versions.node} is too old: netroot needs Node 20.19 or newer.`);
  process.exit(99);
}
try {
  const { register } = await import("tsx/esm/api");
  register();
} catch (error) {
  if (error.code !== "ERR_MODULE_NOT_FOUND") throw error;
  console.error("netroot: its npm packages are missing: run `npm ci` in its folder (or `npm start`).");
  process.exit(99);
}
const { main } = await import("../cli/main.ts");
process.exitCode = await main(process.argv.slice(2));
