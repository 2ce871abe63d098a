import { existsSync } from "node:fs";
import { cp, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, it, onTestFinished } from "vitest";
import { silentLogger } from "../../relay/log.ts";
import { startRelay } from "../../relay/serve.ts";
import type { MachineEvent } from "../../worker/interface.ts";
import { firmwareSettings } from "./firmware-settings.ts";
import { runMachine } from "./run-machine.ts";

const original = fileURLToPath(new URL("../../.netroot", import.meta.url));
/** Set 1, extended: the cursor key, down and up. */
const DOWN = [0xe0, 0x50, 0xe0, 0xd0];
const ENTER = [0x1c, 0x9c];

// `npm test` builds the tree first. Without one there is nothing to boot.
it.skipIf(!existsSync(join(original, "exports/kisroot.squashfs")))(
  "a key chooses the second entry of pxelinux's own menu, and the machine boots it, under Node",
  { timeout: 4 * 60_000 },
  async () => {
    const tree = await mkdtemp(join(tmpdir(), "netroot-pxelinux-"));
    onTestFinished(() => rm(tree, { recursive: true }));
    await cp(original, tree, { recursive: true });
    const menu = join(tree, "tftpboot/pxelinux.cfg/default");
    const append = /^\s*append\s+(.*)$/im.exec(await readFile(menu, "utf8"))![1]!;
    const entry = (label: string, words: string) =>
      `LABEL ${label}\n  MENU LABEL The ${label}\n  KERNEL boot/linux\n  APPEND ${append} ${words}\n`;
    await writeFile(
      menu,
      `UI menu.c32\nMENU TITLE The lab\n${entry("first", "entry=1")}${entry("second", "entry=2")}`,
    );
    await writeFile(join(tree, "netroot.toml"), '[boot]\nipxe = "pxelinux.0"\n');
    const relay = await startRelay({ tree, listen: { port: 0 }, logger: silentLogger });
    onTestFinished(() => relay.close());

    const screen: string[] = [];
    let seen = () => {};
    const shows = (words: string) =>
      new Promise<void>((resolve) => {
        seen = () => {
          if (screen.some((row) => row.includes(words))) resolve();
        };
        seen();
      });
    const observer = (events: readonly MachineEvent[]) => {
      for (const event of events) {
        if (event.type !== "screen-rows") continue;
        for (const { row, characters } of event.rows) screen[row] = String.fromCharCode(...characters);
      }
      seen();
    };
    const running = await runMachine({ settings: firmwareSettings(relay.link), observer });
    onTestFinished(() => running.close());
    await shows("The second");
    expect(screen.join("\n")).toContain("The lab");
    running.machine.sendScancodes(DOWN);
    running.machine.sendScancodes(ENTER);
    await running.reached("login");
    expect((await running.console.run("cat /proc/cmdline")).output).toMatch(/ entry=2( |$)/);
    const findmnt = await running.console.run("findmnt -n -o FSTYPE,SOURCE /");
    expect(findmnt.output).toBe("overlay OverlayOS_rootfs");
    expect(running.problems).toEqual([]);
  },
);
