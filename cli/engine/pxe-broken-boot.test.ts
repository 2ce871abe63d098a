import { copyFile, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, onTestFinished } from "vitest";
import { telltaleKernel } from "../../relay/kernel-tests/telltale-kernel.ts";
import { silentLogger } from "../../relay/log.ts";
import { startRelay } from "../../relay/serve.ts";
import { firmwareSettings } from "./firmware-settings.ts";
import { nodePlatform } from "./node-platform.ts";
import { runMachine } from "./run-machine.ts";

const MENU = "DEFAULT one\nLABEL one\n  KERNEL boot/linux\n  INITRD boot/initrd\n";
const PXELINUX = ["/usr/lib/PXELINUX/pxelinux.0", "/usr/lib/syslinux/modules/bios/ldlinux.c32"];
const BY_PXELINUX = "[boot]\nipxe = false\n";

let tree: string;
beforeEach(async () => {
  tree = await mkdtemp(join(tmpdir(), "netroot-pxe-broken-"));
  await mkdir(join(tree, "tftpboot"));
});
afterEach(() => rm(tree, { recursive: true }));

async function put(path: string, content: string | Uint8Array): Promise<void> {
  await mkdir(dirname(join(tree, path)), { recursive: true });
  await writeFile(join(tree, path), content);
}

/** A bzImage that an x86-64 kernel could be, to a boot loader (Documentation/arch/x86/boot.rst: XLF_KERNEL_64). */
function kernelOf64Bits(): Uint8Array {
  const image = telltaleKernel();
  const view = new DataView(image.buffer);
  view.setUint16(0x206, 0x20f, true);
  view.setUint16(0x236, 1, true);
  return image;
}

// Real firmware, iPXE and PXELINUX in the emulated PC, and a boot tree in which something is wrong.
describe("a machine that boots by its own firmware is told what is wrong", () => {
  it.each<[string, string, Record<string, string | Uint8Array>, string, string]>([
    ["nothing to boot", "", {}, "boot-file-unnamed", "no name of a file to boot"],
    ["no pxelinux.0", '[boot]\nipxe = "pxelinux.0"\n', {}, "boot-file-missing", "There is no pxelinux.0"],
    ["no menu", BY_PXELINUX, { pxelinux: "" }, "menu-missing", "no pxelinux.cfg/default"],
    ["no kernel, for the script", "", { "pxelinux.cfg/default": MENU }, "boot-file-refused", "boot/linux"],
    [
      "no initrd, for PXELINUX",
      BY_PXELINUX,
      { pxelinux: "", "pxelinux.cfg/default": MENU, "boot/linux": telltaleKernel() },
      "boot-entry-failed",
      "boot/initrd: No such file or directory",
    ],
    [
      "a kernel that is none",
      "",
      { "pxelinux.cfg/default": MENU, "boot/linux": "<html>".repeat(300), "boot/initrd": "x" },
      "boot-entry-failed",
      "The boot entry one cannot be started",
    ],
    [
      "a 64-bit kernel",
      "",
      { "pxelinux.cfg/default": MENU, "boot/linux": kernelOf64Bits(), "boot/initrd": "x" },
      "kernel-64-bit",
      "/boot/linux is a 64-bit kernel",
    ],
  ])("%s", { timeout: 120_000 }, async (_, toml, files, code, words) => {
    await put("netroot.toml", toml);
    for (const [path, content] of Object.entries(files)) {
      if (path !== "pxelinux") await put(`tftpboot/${path}`, content);
      else for (const file of PXELINUX) await copyFile(file, join(tree, "tftpboot", basename(file)));
    }
    const relay = await startRelay({ tree, listen: { port: 0 }, logger: silentLogger });
    onTestFinished(() => relay.close());
    const running = await runMachine({
      settings: firmwareSettings(relay.link, 64),
      platform: nodePlatform,
    });
    onTestFinished(() => running.close());
    const problem = await running.problem(code);
    expect(problem.milestone).toBe("download");
    expect(problem.message).toContain(words);
    const download = running.milestones.find(({ name }) => name === "download");
    expect(download?.state).toBe(problem.severity === "error" ? "failed" : "running");
  });
});
