import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { cp, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { describe, expect, it, onTestFinished } from "vitest";
import { sha256OfFile } from "../../relay/exports/testing/programs.ts";
import { silentLogger } from "../../relay/log.ts";
import { type Relay, startRelay } from "../../relay/serve.ts";
import type { Milestone } from "../../worker/interface.ts";
import { BootWatch } from "../../worker/milestones/boot-watch.ts";
import { Console } from "./console.ts";
import { entrySettings } from "./entry-settings.ts";
import { nodePlatform } from "./node-platform.ts";
import { runMachine } from "./run-machine.ts";

/** Real boots on a busy machine: this only ends what hangs. */
const TIMEOUT_MS = 4 * 60_000;
const LIGHT_TREE = fileURLToPath(new URL("../../.netroot", import.meta.url));
const MTU = 9000;
const ROOT = `[[export]]\nname = "kisroot"\nimage = "exports/kisroot.squashfs"\naoe = "e0.1"\n`;
/** At most 15 characters, and of this process only. */
const TAP = `nr${process.pid}u`;

interface Lab {
  readonly relay: Relay;
  readonly image: string;
  readonly tree: string;
  /** The default entry's append line, with its root on the target e0.1. */
  readonly append: (line: string) => string;
  readonly menu: string;
}

/** A relay with the tap on its one segment. It closes after the test. */
async function start(exportLines: string): Promise<Lab> {
  const tree = await mkdtemp(join(tmpdir(), "netroot-tap-tree-"));
  onTestFinished(() => rm(tree, { recursive: true, force: true }));
  await cp(LIGHT_TREE, tree, { recursive: true });
  const segment = `[segment]\nmode = "shared"\nmtu = ${MTU}\n[uplink]\ntap = "${TAP}"\n`;
  await writeFile(join(tree, "netroot.toml"), segment + exportLines);
  const relay = await startRelay({ tree, listen: { port: 0 }, useNbdServer: false, logger: silentLogger });
  onTestFinished(() => relay.close());
  return {
    relay,
    tree,
    image: join(tree, "exports/kisroot.squashfs"),
    append: (line) => line.replace(/root=\S+/, "root=overlay:aoe=e0.1 rd.driver.post=aoe"),
    menu: await readFile(join(tree, "tftpboot/pxelinux.cfg/default"), "utf8"),
  };
}

function ip(...args: string[]): void {
  execFileSync("ip", args);
}

function endAfterTest(child: ChildProcess): void {
  const ended = new Promise((resolve) => child.once("close", resolve));
  onTestFinished(async () => {
    child.kill("SIGKILL");
    await ended;
  });
}

async function isOverTarget(console: Console): Promise<void> {
  const output = async (command: string) => (await console.run(command)).output;
  expect(await output("findmnt -n -o FSTYPE,SOURCE /")).toBe("overlay OverlayOS_rootfs");
  expect(await output("findmnt -n -o SOURCE /run/overlay/rootfsbase")).toBe("/dev/etherd/e0.1");
  expect(await output("echo kept in memory > /written; cat /written")).toBe("kept in memory");
}

// `npm test` builds the tree first. Without it there is nothing to boot.
describe.runIf(existsSync(LIGHT_TREE))("with a tap on the segment", () => {
  it("a machine under Node boots from the real vblade on it", { timeout: TIMEOUT_MS }, async () => {
    const { relay, image, menu, append } = await start(`${ROOT}vblade = true\n`);
    const before = await sha256OfFile(image);
    const settings = entrySettings({ relayUrl: relay.url, menu, mtu: MTU, append });
    const running = await runMachine({
      settings: { ...settings, checkpoint: "off" },
      platform: nodePlatform,
    });
    onTestFinished(() => running.close());
    await running.reached("login");
    const attached = running.milestones.find(({ name }) => name === "root-attached");
    expect(attached).toMatchObject({
      state: "done",
      detail: expect.stringMatching(/^AoE e0\.1, [\d.]+ MB$/),
    });
    await isOverTarget(running.console);
    expect(running.problems).toEqual([]);
    expect(relay.status().exports).toMatchObject([{ readBytes: 0 }]);
    expect(await sha256OfFile(image)).toBe(before);
  });

  it("a real qemu on it boots from our target, in front of an image file", {
    timeout: TIMEOUT_MS,
  }, async () => {
    const { relay, image, menu, tree, append } = await start(ROOT);
    const before = await sha256OfFile(image);
    const [bridge, tap] = [`nr${process.pid}b`, `nr${process.pid}q`];
    onTestFinished(() => ip("link", "delete", bridge));
    ip("link", "add", bridge, "type", "bridge");
    onTestFinished(() => ip("link", "delete", tap));
    ip("tuntap", "add", tap, "mode", "tap");
    for (const one of [TAP, tap]) ip("link", "set", one, "mtu", String(MTU), "master", bridge, "up");
    ip("link", "set", bridge, "up");

    const line = append(/^\s*append\s+(.*)$/im.exec(menu)![1]!.replace(/\binitrd=\S+\s*/, ""));
    const boot = join(tree, "tftpboot/boot");
    const options = [
      ["-accel", "tcg,thread=single", "-m", "512", "-display", "none", "-monitor", "none", "-no-reboot"],
      ["-serial", "stdio", "-kernel", join(boot, "linux"), "-initrd", join(boot, "initrd"), "-append", line],
      ["-netdev", `tap,id=boot,ifname=${tap},script=no,downscript=no`],
      ["-device", `virtio-net-pci,netdev=boot,host_mtu=${MTU}`],
    ].flat();
    const qemu = spawn("qemu-system-i386", options, { stdio: ["pipe", "pipe", "inherit"] });
    endAfterTest(qemu);
    const console = new Console({ send: (bytes) => qemu.stdin.write(bytes) });
    await prompt(qemu, line, console);
    await isOverTarget(console);
    await bring(console, "/usr/sbin/aoe-discover", "/usr/sbin/aoe-stat");
    expect(await console.run("/tmp/aoe-discover")).toEqual({ status: 0, output: "" });
    const stat = await console.run("bash /tmp/aoe-stat");
    expect(stat.status).toBe(0);
    expect(stat.output.trim()).toMatch(/^e0\.1 +0\.\d{3}GB +eth0 +\d+ +up$/);
    const [root] = relay.status().exports;
    expect(root).toMatchObject({ name: "kisroot", aoe: "e0.1", readOnly: true });
    expect(root!.description).toContain("image file");
    expect(root!.readBytes).toBeGreaterThan(1_000_000);
    expect(await sha256OfFile(image)).toBe(before);
  });
});

/** Types the aoetools of this machine, which are scripts, into the guest's /tmp. */
async function bring(console: Console, ...scripts: readonly string[]): Promise<void> {
  for (const script of scripts) {
    const packed = gzipSync(await readFile(script)).toString("base64");
    const file = `/tmp/${basename(script)}`;
    const { status } = await console.run(`echo ${packed} | base64 -d | gunzip > ${file} && chmod +x ${file}`);
    expect(status).toBe(0);
  }
}

/** Resolves when the boot has come to its prompt. Rejects with what went wrong. */
function prompt(
  qemu: ReturnType<typeof spawn>,
  append: string,
  console: Console,
): Promise<readonly Milestone[]> {
  return new Promise((resolve, reject) => {
    const watch = new BootWatch(
      { kind: "direct", append, nowMs: performance.now() },
      {
        milestones: (milestones) => {
          if (milestones.at(-1)?.state === "done") resolve(milestones);
        },
        problem: ({ severity, message }) => {
          if (severity === "error") reject(new Error(message));
        },
      },
    );
    watch.begin();
    // A prompt is one when nothing follows it for a moment: the watch wants to be asked again.
    const timer = setInterval(() => watch.advance(performance.now()), 50);
    let said = "";
    qemu.stdout!.on("data", (chunk: Buffer) => {
      said = (said + chunk.toString("latin1")).slice(-2000);
      console.receive(chunk);
      for (const byte of chunk) watch.console(byte, performance.now());
    });
    qemu.once("error", reject);
    qemu.once("close", () => {
      clearInterval(timer);
      reject(new Error(`qemu ended before the prompt:\n${said}`));
    });
  });
}
