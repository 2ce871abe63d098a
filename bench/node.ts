import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { entrySettings } from "../cli/engine/entry-settings.ts";
import { firmwareSettings } from "../cli/engine/firmware-settings.ts";
import type { RelayStatus } from "../net/status/status.ts";
import { lineOf } from "../src/boot/asked-line.ts";
import { parsePageUrl } from "../src/page-url.ts";
import type { Milestone } from "../worker/interface.ts";
import type { Boot } from "./boots.ts";
import { bootParameters } from "./parameters.ts";

const SCRIPT = fileURLToPath(new URL("node-boot.ts", import.meta.url));

/** A cold boot in v86 under Node, in a process of its own. */
export async function bootInNode({
  tree,
  relay,
  memoryMiB,
  query,
  until = "login",
  signal,
}: Boot): Promise<readonly Milestone[]> {
  // What a page would do with these parameters: its switches have the names of the machine's settings.
  const parameters = bootParameters({ memoryMiB, query }, "off");
  const {
    label,
    append,
    cmdline,
    tab: ____,
    autostart: _,
    relay: __,
    rejected: ___,
    ...asked
  } = parsePageUrl(parameters.toString());
  const { mtu } = (await (await fetch(new URL("status", relay))).json()) as RelayStatus;
  const menu = await readFile(join(tree, "tftpboot/pxelinux.cfg/default"), "utf8");
  const entry = {
    relayUrl: relay,
    menu,
    mtu,
    append: (own: string) => lineOf(own, { append, ...(cmdline === undefined ? {} : { cmdline }) }, false),
    ...(label === undefined ? {} : { label }),
  };
  const settings =
    asked.boot === "pxe"
      ? { ...firmwareSettings(relay, memoryMiB), checkpoint: asked.checkpoint }
      : { ...entrySettings(entry), ...asked };
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ["--import", "tsx", SCRIPT, JSON.stringify(settings), until],
    { signal },
  );
  return JSON.parse(stdout) as readonly Milestone[];
}
