import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, onTestFinished } from "vitest";
import { silentLogger } from "../log.ts";
import { startRelay } from "../serve.ts";
import { telltaleKernel } from "./telltale-kernel.ts";

/** Names and words that mean something in a URL or in a script. */
const MENU = `UI menu.c32
TIMEOUT 10
MENU TITLE Machines && \${mac} \\
LABEL one
  LINUX links/li#n%ux&
  INITRD links/one,two
  APPEND a=1 && #b || ; c\\ \${x d "e f"
  IPAPPEND 3
LABEL two
  MENU LABEL ^Two
  LINUX linux
  APPEND second\\
LABEL gone
  LINUX gone
`;
const MAC = "02:00:00:00:00:64";

let tree: string;
beforeEach(async () => {
  tree = await mkdtemp(join(tmpdir(), "netroot-tree-"));
  await put("linux", telltaleKernel());
  await put("odd folder/li#n%ux&", telltaleKernel());
  await put("odd folder/one", new Uint8Array(4096));
  await put("two", new Uint8Array(8192));
  await symlink("odd folder", join(tree, "tftpboot/links"));
});
afterEach(() => rm(tree, { recursive: true }));

async function put(path: string, content: string | Uint8Array): Promise<void> {
  const full = join(tree, "tftpboot", path);
  await mkdir(join(full, ".."), { recursive: true });
  await writeFile(full, content);
}

/** A PC without a screen, whose firmware (and so iPXE) therefore speaks on the serial port, as the telltale kernel does. */
async function boot(card: "ne2k_pci" | "virtio-net-pci" = "ne2k_pci") {
  const socket = join(tree, "net.sock");
  const relay = await startRelay({ tree, listen: { port: 0, socket }, logger: silentLogger });
  onTestFinished(() => relay.close());
  const qemu = spawn(
    "qemu-system-i386",
    [
      ["-accel", "tcg", "-m", "128", "-nographic", "-vga", "none", "-monitor", "none", "-serial", "stdio"],
      ["-no-reboot", "-boot", "n", "-device", "isa-debug-exit,iobase=0xf4,iosize=4"],
      ["-netdev", `stream,id=wire,server=off,addr.type=unix,addr.path=${socket}`],
      ["-device", `${card},netdev=wire,mac=${MAC}`],
    ].flat(),
    { stdio: ["pipe", "pipe", "inherit"] },
  );
  const ended = once(qemu, "exit");
  onTestFinished(async () => {
    qemu.kill("SIGKILL");
    await ended;
  });
  let said = "";
  qemu.stdout.on("data", (chunk: Buffer) => {
    said += chunk.toString("latin1");
  });
  const says = (words: string | RegExp) => expect.poll(() => said, { timeout: 40_000 }).toMatch(words);
  return { says, type: (text: string) => qemu.stdin.write(text), said: () => said };
}

describe("Debian's iPXE, with the script that is made of pxelinux.cfg", () => {
  it("boots the default when its time is up: names, words, initrds and addresses as the file means them", async () => {
    await put("pxelinux.cfg/default", MENU);
    const { says, said } = await boot();
    await says(/\n0000[0-9a-f]{4}\n/);
    expect(said()).toContain("Filename: http://10.86.0.1/netroot.ipxe");
    expect(said()).toContain(
      'a=1 && #b || ; c\\ ${x d "e f" initrd=one initrd=two ip=10.86.0.100:10.86.0.1:10.86.0.1:255.255.255.0 BOOTIF=01-02-00-00-00-00-64\n00003000\n',
    );
  });

  it("boots the second entry by its key, by TFTP alone, from the config that is for this machine", async () => {
    await writeFile(join(tree, "netroot.toml"), '[boot]\nipxe = "netroot.ipxe"\n');
    await put("pxelinux.cfg/default", "LABEL nobody\nLINUX gone\n");
    await put(`pxelinux.cfg/01-${MAC.replaceAll(":", "-")}`, MENU.replace("TIMEOUT 10", ""));
    const { says, type, said } = await boot("virtio-net-pci");
    await says(/Two/);
    type("t");
    await says(/second\\\n00000000\n/);
    expect(said()).toContain("tftp://10.86.0.1/netroot.ipxe... ok");
  });

  it("is told which entry cannot be started, and comes back to the menu, where Esc leads to the prompt", async () => {
    await put("pxelinux.cfg/default", MENU.replace("UI menu.c32", "DEFAULT gone"));
    const { says, type } = await boot();
    await says(/netroot: the entry gone cannot be started\.\r\nnetroot: gone, see above\./);
    type(" ");
    await says(/Two/);
    type("\x1b");
    await says(/boot:/);
    type("two\r");
    await says(/second\\\n00000000\n/);
  });
});
